import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../core/atomicFile.ts';
import type { Sample } from '../../data/dataset.ts';
import { encodePng } from '../../data/encodePng.ts';
import { traceContours } from '../../labels/contours.ts';
import type { ChildRecord } from './options.ts';

/** Where an image and its annotation go in the competition's layout. */
function childPaths(output: string, name: string): { image: string; annotation: string } {
  return {
    image: join(output, 'train', 'DCM', name, `${name}.png`),
    annotation: join(output, 'train', 'outputs_json', name, `${name}.json`),
  };
}

const storedSchema = z.object({
  attributes: z.object({
    plan: z.string(),
    imageSha256: z.string(),
    record: z.object({
      parents: z.array(z.string()).min(1),
      kind: z.string(),
      parameters: z.record(z.string(), z.unknown()),
    }),
  }),
});

/**
 * Writes the image, then its annotation, each whole or not at all. The annotation remembers the plan it belongs to
 * and the image's hash, so that an interrupted run can tell what is finished.
 *
 * @throws PhalanxError `image/png-channels`, `file/write`.
 */
export async function writeChild(
  output: string,
  name: string,
  plan: string,
  { image, labels }: Sample,
  record: ChildRecord,
  classes: readonly string[],
): Promise<void> {
  const { width, height } = image;
  const png = await encodePng(image, { compressionLevel: 3, adaptiveFiltering: false });
  const polygons = await traceContours(labels);
  const annotation = {
    annotations: polygons.map(({ classIndex, points }, index) => ({
      id: `${name}-${index + 1}`,
      type: 'poly_seg',
      attributes: {},
      points,
      label: classes[classIndex],
    })),
    attributes: { plan, imageSha256: sha256(png), record },
    file_id: name,
    filename: `${name}.png`,
    parent_path: `/${name}`,
    last_modifier_id: 'phalanx',
    metadata: { height, width },
    last_workers: 'phalanx',
  };
  const paths = childPaths(output, name);
  await writeFileAtomic(paths.image, png);
  await writeFileAtomic(paths.annotation, JSON.stringify(annotation));
}

/** How a finished image was made, or undefined if it is missing, damaged or of another plan. */
export async function readChild(
  output: string,
  name: string,
  plan: string,
): Promise<ChildRecord | undefined> {
  const paths = childPaths(output, name);
  try {
    const { attributes } = storedSchema.parse(JSON.parse(await readFile(paths.annotation, 'utf8')));
    if (attributes.plan !== plan) return undefined;
    return sha256(await readFile(paths.image)) === attributes.imageSha256 ? attributes.record : undefined;
  } catch {
    // Whatever is wrong with it, making it again is right.
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
