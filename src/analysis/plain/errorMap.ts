import type { LabelMap } from '../../labels/labelMap.ts';
import { createImage } from '../../pixels/image.ts';
import type { Image } from '../../pixels/image.ts';
import { distanceBins, errorColours, errorKinds, farthest, figuresOf } from '../errorMap.ts';
import type { ErrorMap } from '../errorMap.ts';

/** The twin of `errorMap`: pixel by pixel, and every wrong pixel against every pixel at a border. */
export function errorMapPlain(image: Image, truth: LabelMap, prediction: LabelMap): ErrorMap {
  const { width, height, classes } = truth;
  const has = (map: LabelMap, c: number, i: number): boolean =>
    ((map.planes[c >> 5]![i]! >>> (c & 31)) & 1) === 1;
  const all = Array.from({ length: classes }, (_, c) => c);
  const border = bordersOf(truth);
  const result = createImage(width, height, 3);
  const counts = new Float64Array(errorKinds.length + 1);
  const confusion = new Float64Array((classes + 1) ** 2);
  const confusedByClass = new Float64Array(classes);
  const distances = new Float64Array(errorKinds.length * distanceBins);
  for (let i = 0; i < width * height; i++) {
    if (all.some((c) => has(truth, c, i) || has(prediction, c, i))) counts[3]!++;
    const missing = all.filter((c) => has(truth, c, i) && !has(prediction, c, i));
    const wrong = all.filter((c) => !has(truth, c, i) && has(prediction, c, i));
    if (missing.length + wrong.length === 0) {
      for (let channel = 0; channel < 3; channel++) {
        const shown = image.channels === 3 ? channel : Math.ceil(image.channels / 2) - 1;
        const from = i * image.channels + shown;
        result.data[3 * i + channel] = image.data[from]! * 0.62;
      }
      continue;
    }
    const kind = missing.length === 0 ? 2 : wrong.length === 0 ? 1 : 0;
    result.data.set(errorColours[errorKinds[kind]], 3 * i);
    counts[kind]!++;
    const apart = border.map((j) =>
      Math.hypot((i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)),
    );
    const bin = Math.min(farthest + 1, Math.ceil(Math.min(Infinity, ...apart)));
    distances[kind * distanceBins + bin]!++;
    if (kind === 0) for (const c of missing) confusedByClass[c]!++;
    for (const c of missing.length === 0 ? [classes] : missing)
      for (const d of wrong.length === 0 ? [classes] : wrong) confusion[c * (classes + 1) + d]!++;
  }
  return { image: result, ...figuresOf(counts, confusion, confusedByClass, distances) };
}

/** Positions beside which a label begins or ends. */
function bordersOf({ width, height, planes }: LabelMap): number[] {
  const differs = (i: number, j: number): boolean => planes.some((plane) => plane[i] !== plane[j]);
  return Array.from({ length: width * height }, (_, i) => i).filter((i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (
      (x > 0 && differs(i, i - 1)) ||
      (x + 1 < width && differs(i, i + 1)) ||
      (y > 0 && differs(i, i - width)) ||
      (y + 1 < height && differs(i, i + width))
    );
  });
}
