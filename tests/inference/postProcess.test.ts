import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { postProcess } from '../../src/inference/postProcess/postProcess.ts';
import type { Cut } from '../../src/inference/postProcess/postProcess.ts';
import type { PostProcess } from '../../src/inference/postProcess/spec.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { fillHolesPlain, keepComponentsPlain } from '../../src/labels/plain/components.ts';
import { dilateLabelsPlain, erodeLabelsPlain } from '../../src/labels/plain/morphology.ts';
import { drawClasses, hasClass } from '../../src/labels/plain/pixels.ts';

const [width, height] = [40, 30];
const disk = (radius: number) => ({ shape: 'disk', radius }) as const;

/** Noise, drawn once, so that a higher threshold gives fewer pixels. */
const random = Random.from('masks');
const noise = Array.from({ length: 5 * width * height }, () => random.uniform());
const cut: Cut = (thresholds) =>
  Promise.resolve(
    drawClasses(
      createLabelMap(width, height, 5),
      (c, x, y) => noise[(c * height + y) * width + x]! > thresholds[c]!,
    ),
  );

/** One class of a label map, alone. */
const only = (labels: LabelMap, wanted: number): LabelMap =>
  drawClasses(labels, (c, x, y) => c === wanted && hasClass(labels, c, x, y));

describe('postProcess', () => {
  it('works on each class as it is asked to, and leaves the others', async () => {
    const thresholds = [0.3, 0.4, 0.6, 0.35, 0.5];
    const settings: PostProcess[] = [
      { smooth: { operation: 'open', radius: 1 } },
      { smooth: { operation: 'close', radius: 2 }, largest: 1 },
      { minArea: 6 },
      { fillHoles: 2 },
      {},
    ];
    const raw = await cut(thresholds);
    const result = await postProcess(cut, thresholds, settings);
    const connectivity = 8;
    const expected = [
      dilateLabelsPlain(erodeLabelsPlain(raw, disk(1)), disk(1)),
      keepComponentsPlain(erodeLabelsPlain(dilateLabelsPlain(raw, disk(2)), disk(2)), {
        largest: 1,
        minArea: 0,
        connectivity,
      }),
      keepComponentsPlain(raw, { largest: Infinity, minArea: 6, connectivity }),
      fillHolesPlain(raw, { maxArea: 2, connectivity }),
      raw,
    ];
    for (const [c, labels] of expected.entries()) {
      expect(only(result, c), `class ${c}`).toEqual(only(labels, c));
      if (c < 4) expect(only(result, c), `class ${c}`).not.toEqual(only(raw, c));
    }
  });

  it('takes a class for absent where too few pixels are sure', async () => {
    const thresholds = [0.3, 0.3, 0.3, 0.3, 0.3];
    const sure = noise.slice(0, width * height).filter((value) => value > 0.75).length;
    const raw = await cut(thresholds);
    const none: PostProcess[] = [{}, {}, {}, {}, {}];
    const with0 = (minArea: number) => [{ triplet: { top: 0.75, minArea } }, ...none.slice(1)];
    expect(await postProcess(cut, thresholds, with0(sure))).toEqual(raw);
    const absent = await postProcess(cut, thresholds, with0(sure + 1));
    expect(absent).toEqual(drawClasses(raw, (c, x, y) => c !== 0 && hasClass(raw, c, x, y)));
  });
});
