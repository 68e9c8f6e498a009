import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createImage } from '../../src/pixels/image.ts';
import { nativePixels } from '../../src/pixels/native.ts';
import { resizeImage } from '../../src/pixels/resize.ts';

describe('native kernels', () => {
  it('leave the JavaScript thread free', async () => {
    const image = createImage(4000, 4000, 4);
    const size = { width: 999, height: 999 };
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all([resizeImage(image, size, 'area'), resizeImage(image, size, 'area')]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('keep their arrays while they run and let go of them after', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const references: WeakRef<object>[] = [];
    const start = () => {
      const image = createImage(1500, 1500, 3);
      image.data.fill(77);
      references.push(new WeakRef(image.data));
      return resizeImage(image, { width: 333, height: 333 }, 'area');
    };
    const running = [start(), start(), start()];
    collect();
    for (const resized of await Promise.all(running)) {
      expect(resized.data.every((value) => value === 77)).toBe(true);
    }
    running.length = 0;
    // A weak reference stays strong until the turn it was read in ends.
    for (let i = 0; i < 20 && references.some((reference) => reference.deref() !== undefined); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    expect(references.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined]);
  });

  it('throw on arguments of any kind instead of crashing', () => {
    const kernels = nativePixels<Record<string, (...args: unknown[]) => unknown>>();
    const names = Object.keys(kernels);
    expect(names).toContain('fillPolygons');
    const values = [undefined, null, -1, Number.NaN, 1e300, 'x', {}, [], [null], new Float32Array(3)];
    for (const name of names) {
      for (const value of values) {
        for (let count = 0; count < 9; count++) {
          expect(() => kernels[name]!(...Array.from({ length: count }, () => value))).toThrow(/^pixels\./);
        }
      }
    }
  });
});
