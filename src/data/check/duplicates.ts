import type { Defect } from '../defect.ts';
import { annotationOf, placeOf } from './checkedSample.ts';
import type { CheckedSample } from './checkedSample.ts';
import type { ImageFacts } from './imageFacts.ts';
import { hammingDistance } from './perceptualHash.ts';

/** Most bits, of 256, in which the hashes of near-duplicates differ. */
const mostBits = 56;
/** Least correlation of the thumbnails of near-duplicates. */
const leastCorrelation = 0.985;
/** A thumbnail with less contrast than this says nothing: grey values. */
const leastContrast = 2;

/** Two images that show the same. */
export interface DuplicatePair {
  readonly earlier: CheckedSample;
  readonly current: CheckedSample;
  /** `pixels`: equal in every pixel; `near`: the same picture, changed; `mirrored`: changed and mirrored, or only mirrored. */
  readonly kind: 'pixels' | 'near' | 'mirrored';
}

/**
 * Finds images that are equal, and images of different people or splits that are nearly so: pictures of one person,
 * such as neighbouring slices, are alike by nature. Every image is compared with every other by 256-bit hashes, which a
 * thousand images take milliseconds for and ten thousand a second; memory goes with the number of images. Each image
 * is reported once, with the first that it repeats.
 */
export function findDuplicates(samples: readonly CheckedSample[], signal?: AbortSignal): DuplicatePair[] {
  const seen: { sample: CheckedSample; image: ImageFacts; contrast: boolean }[] = [];
  const byContent = new Map<string, CheckedSample>();
  const pairs: DuplicatePair[] = [];
  for (const current of samples) {
    signal?.throwIfAborted();
    const { image } = current;
    // Images that show nothing all look alike, and are reported as such.
    if (image === undefined || image.lowest === image.highest) continue;
    const same = byContent.get(image.content);
    if (same !== undefined) {
      pairs.push({ earlier: same, current, kind: 'pixels' });
      continue;
    }
    byContent.set(image.content, current);
    const contrast = deviation(image.thumbnail) >= leastContrast;
    if (contrast) {
      for (const { sample: earlier, image: other, contrast: comparable } of seen) {
        const kind =
          comparable && !related(earlier, current) && crosses(earlier, current)
            ? alike(other, image)
            : undefined;
        if (kind === undefined) continue;
        pairs.push({ earlier, current, kind });
        break;
      }
    }
    seen.push({ sample: current, image, contrast });
  }
  return pairs;
}

/** Images made from others resemble them by design. */
function related({ entry: a }: CheckedSample, { entry: b }: CheckedSample): boolean {
  return a.parents !== undefined || b.parents !== undefined;
}

/** Whether one was made from the other or both from the same: such may have the same labels. */
function siblings({ entry: a }: CheckedSample, { entry: b }: CheckedSample): boolean {
  const origins = new Set(a.parents ?? [a.id]);
  return (b.parents ?? [b.id]).some((origin) => origins.has(origin));
}

function alike(a: ImageFacts, b: ImageFacts): 'near' | 'mirrored' | undefined {
  const isNear = hammingDistance(a.hashes.upright, b.hashes.upright, mostBits) <= mostBits;
  if (isNear && correlation(a.thumbnail, b.thumbnail, false) >= leastCorrelation) return 'near';
  const isMirror = hammingDistance(a.hashes.mirrored, b.hashes.upright, mostBits) <= mostBits;
  if (isMirror && correlation(a.thumbnail, b.thumbnail, true) >= leastCorrelation) return 'mirrored';
  return undefined;
}

function deviation(values: Uint8Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Pearson's correlation of two square pictures, the second mirrored if wished; −1 to 1. */
export function correlation(a: Uint8Array, b: Uint8Array, mirrored: boolean): number {
  const side = Math.sqrt(a.length);
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i]!, b[mirrored ? i - (i % side) + side - 1 - (i % side) : i]!];
    sumA += p;
    sumB += q;
    sumAA += p * p;
    sumBB += q * q;
    sumAB += p * q;
  }
  const variance = (sumAA - sumA ** 2 / a.length) * (sumBB - sumB ** 2 / a.length);
  return variance <= 0 ? 0 : (sumAB - (sumA * sumB) / a.length) / Math.sqrt(variance);
}

/** What is wrong with repeated images and with annotations that different images share. */
export function duplicateDefects(samples: readonly CheckedSample[], signal?: AbortSignal): Defect[] {
  const pairs = findDuplicates(samples, signal);
  const repeated = new Set(pairs.map(({ current }) => current));
  return [...pairs.map(imageDefect), ...repeatedAnnotations(samples, repeated)];
}

function imageDefect({ earlier, current, kind }: DuplicatePair): Defect {
  const leaks = crosses(earlier, current);
  const expected = leaks ? 'every person and every split to have images of its own' : 'two different images';
  const file = current.entry.imagePath;
  if (kind === 'pixels') {
    return {
      severity: leaks ? 'error' : 'warning',
      code: leaks ? 'leakage/identical-images' : 'image/repeated-content',
      file,
      what: 'Two images have the same pixels',
      expected,
      received: `the pixels of ${placeOf(earlier)}`,
      fix: 'Remove one of them',
    };
  }
  return {
    severity: 'warning',
    code: 'leakage/similar-images',
    file,
    what: 'Two images of different people or splits seem to show the same',
    expected,
    received: `${kind === 'mirrored' ? 'the mirror image' : 'a changed copy'} of ${placeOf(earlier)}`,
    fix: 'Look at both, and remove one if it is a copy',
  };
}

/** Whether training on one of the two would tell of the other. */
function crosses(a: CheckedSample, b: CheckedSample): boolean {
  return a.split !== b.split || a.entry.person !== b.entry.person;
}

/** Fewer labelled pixels than this may agree by chance. */
const fewestPixels = 16;

function repeatedAnnotations(
  samples: readonly CheckedSample[],
  repeatedImages: ReadonlySet<CheckedSample>,
): Defect[] {
  const first = new Map<string, CheckedSample>();
  const defects: Defect[] = [];
  for (const current of samples) {
    const content = current.labels?.content;
    if (content === undefined || repeatedImages.has(current)) continue;
    if (current.labels!.areas.reduce((sum, area) => sum + area, 0) < fewestPixels) continue;
    const earlier = first.get(content);
    if (earlier === undefined) first.set(content, current);
    else if (!siblings(earlier, current)) {
      defects.push({
        // Neighbouring slices of a volume may truly have the same.
        severity: current.entry.person === earlier.entry.person ? 'warning' : 'error',
        code: 'labels/repeated-content',
        file: annotationOf(current),
        what: 'Two different images have the same labels',
        expected: 'an annotation of its own for each image',
        received: `the labels of ${placeOf(earlier)}`,
        fix: 'Find out which of the two images they belong to, and annotate the other',
      });
    }
  }
  return defects;
}
