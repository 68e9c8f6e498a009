import { describe, expect, it } from 'vitest';
import { buildTransform } from '../../src/augment/build.ts';
import { compose } from '../../src/augment/compose.ts';
import { clahe } from '../../src/augment/transforms/clahe.ts';
import { coarseDropout } from '../../src/augment/transforms/coarseDropout.ts';
import { elasticTransform } from '../../src/augment/transforms/elasticTransform.ts';
import { horizontalFlip } from '../../src/augment/transforms/horizontalFlip.ts';
import { randomBrightnessContrast } from '../../src/augment/transforms/randomBrightnessContrast.ts';
import { rotate } from '../../src/augment/transforms/rotate.ts';
import { bytesOf } from '../../src/core/bytes.ts';
import { Random } from '../../src/core/random.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { release, uninitialized } from '../../src/pixels/memory.ts';

const side = 160;

function randomSample(): Sample {
  const random = Random.from('memory');
  const data = uninitialized(side * side * 3);
  const plane = new Uint32Array(side * side);
  for (let i = 0; i < data.length; i++) data[i] = random.integer(0, 256);
  for (let i = 0; i < plane.length; i++) plane[i] = random.bits();
  return {
    image: { width: side, height: side, channels: 3, data },
    labels: { width: side, height: side, classes: 32, planes: [plane] },
  };
}

/** As toEqual, which takes a second for a few samples. */
function sameBytes(a: Sample, b: Sample): boolean {
  const sizes = [a, b].map(({ image, labels }) => [image.width, image.height, labels.planes.length].join());
  return (
    sizes[0] === sizes[1] &&
    Buffer.compare(a.image.data, b.image.data) === 0 &&
    a.labels.planes.every((plane, p) => Buffer.compare(bytesOf(plane), bytesOf(b.labels.planes[p]!)) === 0)
  );
}

describe('memory of samples', () => {
  it('is handed out again once given back, and only once', () => {
    const first = uninitialized(100_003);
    release([first, first]);
    release([first]);
    const second = uninitialized(100_003);
    const third = uninitialized(100_003);
    expect(second.buffer).toBe(first.buffer);
    expect(third.buffer).not.toBe(first.buffer);
  });

  it('is not taken back from elsewhere, nor while it is shared', () => {
    const foreign = new Uint8Array(100_019);
    release([foreign]);
    expect(uninitialized(100_019).buffer).not.toBe(foreign.buffer);
    const shared = uninitialized(100_043);
    release([shared], [shared.subarray(10, 20)]);
    expect(uninitialized(100_043).buffer).not.toBe(shared.buffer);
  });

  it('of a given sample and of results is never written to by later work', async () => {
    const transform = buildTransform(
      compose([
        horizontalFlip({ p: 0.5 }),
        randomBrightnessContrast({ p: 0.5 }),
        rotate({ p: 0.5 }),
        elasticTransform({ alpha: 90, sigma: 8, p: 0.5 }),
        compose([clahe({ p: 0.5 }), coarseDropout({ p: 0.5 })]),
      ]),
    );
    const given = randomSample();
    const [pixels, plane] = [given.image.data.slice(), given.labels.planes[0]!.slice()];
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const result = await transform(given, Random.from(i));
        return { result, copy: structuredClone(result) };
      }),
    );
    for (const { result, copy } of results) expect(sameBytes(result, copy)).toBe(true);
    expect(given.image.data).toEqual(pixels);
    expect(given.labels.planes[0]).toEqual(plane);
  });

  it('does not change results when they are given back', async () => {
    const transform = buildTransform(compose([rotate({ p: 1 }), clahe({ p: 1 })]));
    const given = randomSample();
    const expected = await transform(given, Random.from(1));
    for (let i = 0; i < 5; i++) {
      const { image, labels } = await transform(given, Random.from(1));
      expect(sameBytes({ image, labels }, expected)).toBe(true);
      release([image.data, ...labels.planes], [given.image.data, ...given.labels.planes]);
    }
  });
});
