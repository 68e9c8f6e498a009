import { z } from 'zod';
import { nearest } from '../../core/nearest.ts';
import type { Polygon } from '../../labels/polygons.ts';
import type { Defect } from '../defect.ts';
import type { ImageSize } from '../../pixels/image.ts';
import { readLimitedFile } from '../limitedFile.ts';
import type { FileKind } from '../limitedFile.ts';

export interface InspectedAnnotation {
  /** The polygons that can be filled. */
  readonly polygons: readonly Polygon[];
  readonly defects: readonly Defect[];
}

const annotationFile: FileKind = {
  noun: 'annotation',
  missing: 'annotation/missing',
  unreadable: 'annotation/unreadable',
  maxBytes: 32 * 2 ** 20,
};
const maxPolygons = 10_000;
const maxPoints = 1_000_000;
/** More defects of one kind in one file say nothing new. */
const maxIssues = 20;

const point = z.tuple([z.number(), z.number()]);
const annotationSchema = z.object({
  annotations: z
    .array(z.object({ type: z.literal('poly_seg'), points: z.array(point), label: z.string() }))
    .max(maxPolygons),
  metadata: z.object({ width: z.number(), height: z.number() }).optional(),
});
type Annotation = z.infer<typeof annotationSchema>;

/**
 * Reads an annotation file and finds everything that is wrong with it.
 *
 * @param size of the annotated image; without it, nothing is held against it.
 * @throws PhalanxError `annotation/missing`, `annotation/unreadable` when there is no file to inspect.
 */
export async function inspectAnnotation(
  path: string,
  size: ImageSize | undefined,
  classes: readonly string[],
): Promise<InspectedAnnotation> {
  const text = (await readLimitedFile(path, annotationFile)).toString('utf8');
  const parsed = parse(text, path);
  if ('defects' in parsed) return { polygons: [], defects: parsed.defects };
  const { annotations } = parsed.annotation;
  const defects = size === undefined ? [] : [...sizeDefects(parsed.annotation, size, path)];
  const polygons: Polygon[] = [];
  const seen = new Set<string>();
  const misspelt = new Set<string>();
  for (const [index, { label, points }] of annotations.entries()) {
    const where = `annotations[${index}] (${label})`;
    const found = [...polygonDefects(points, size, path, where)];
    const classIndex = classes.indexOf(label);
    const meant = classIndex < 0 ? nearest(label, classes) : label;
    if (classIndex < 0) found.push(unknownLabel(label, meant, classes, path, where));
    else if (seen.has(label)) found.push(repeatedLabel(label, path, where));
    defects.push(...found);
    if (classIndex >= 0) seen.add(label);
    else if (meant !== undefined) misspelt.add(meant);
    if (found.every(({ severity }) => severity === 'warning')) polygons.push({ classIndex, points });
  }
  for (const name of classes) {
    // A misspelt bone is not missing as well.
    if (!seen.has(name) && !misspelt.has(name)) defects.push(missingLabel(name, path));
  }
  return { polygons, defects };
}

function parse(text: string, file: string): { annotation: Annotation } | { defects: Defect[] } {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const received = (cause as SyntaxError).message;
    return { defects: [malformed(file, 'The annotation is not JSON', 'a JSON document', received)] };
  }
  const result = annotationSchema.safeParse(json);
  if (!result.success) {
    const issues = result.error.issues.slice(0, maxIssues);
    return {
      defects: issues.map(({ path, message }) =>
        malformed(
          file,
          'The annotation does not have the expected form',
          `${path.length === 0 ? 'the document' : z.core.toDotPath(path)} to be valid`,
          message,
        ),
      ),
    };
  }
  const total = result.data.annotations.reduce((sum, { points }) => sum + points.length, 0);
  if (total > maxPoints) {
    const what = 'The annotation has too many points';
    return { defects: [malformed(file, what, `at most ${maxPoints}`, `${total}`)] };
  }
  return { annotation: result.data };
}

function* sizeDefects({ metadata }: Annotation, size: ImageSize, file: string): Generator<Defect> {
  if (metadata === undefined) return;
  if (metadata.width === size.width && metadata.height === size.height) return;
  yield {
    severity: 'error',
    code: 'annotation/size',
    file,
    what: 'The size in the annotation disagrees with the image',
    expected: `${size.width} × ${size.height} as the image has`,
    received: `${metadata.width} × ${metadata.height} in metadata`,
    fix: 'Find out which of the two belongs to another image',
  };
}

type Points = readonly (readonly [number, number])[];

function* polygonDefects(
  points: Points,
  size: ImageSize | undefined,
  file: string,
  where: string,
): Generator<Defect> {
  if (points.length < 3) {
    yield {
      severity: 'error',
      code: 'annotation/too-few-points',
      file,
      what: `The polygon ${where} encloses nothing`,
      expected: 'at least 3 points',
      received: `${points.length}`,
    };
  }
  if (size === undefined) return;
  const outside = points.find(([x, y]) => !(x >= 0 && x <= size.width && y >= 0 && y <= size.height));
  if (outside !== undefined) {
    yield {
      severity: 'error',
      code: 'annotation/outside-image',
      file,
      what: `The polygon ${where} leaves the image`,
      expected: `x from 0 to ${size.width} and y from 0 to ${size.height}`,
      received: `(${outside[0]}, ${outside[1]})`,
    };
  }
}

function unknownLabel(
  label: string,
  meant: string | undefined,
  classes: readonly string[],
  file: string,
  where: string,
): Defect {
  return {
    severity: 'error',
    code: 'annotation/unknown-label',
    file,
    what: `The label of ${where} is not one of the classes`,
    expected: meant === undefined ? `one of ${classes.join(', ')}` : `perhaps ${meant}`,
    received: label,
  };
}

const repeatedLabel = (label: string, file: string, where: string): Defect => ({
  severity: 'warning',
  code: 'annotation/repeated-label',
  file,
  what: `The label of ${where} occurs more than once`,
  expected: `one polygon of ${label}`,
  fix: 'Their union is used; check that none of them belongs to another bone',
});

const missingLabel = (label: string, file: string): Defect => ({
  severity: 'warning',
  code: 'annotation/missing-label',
  file,
  what: 'The annotation lacks a bone',
  expected: `a polygon of ${label}`,
});

function malformed(file: string, what: string, expected: string, received: string): Defect {
  return { severity: 'error', code: 'annotation/malformed', file, what, expected, received };
}
