import { describe, expect, it } from 'vitest';
import { PhalanxError } from '../../src/core/errors.ts';
import { classColours } from '../../src/labels/colours.ts';
import type { Rgb } from '../../src/labels/colours.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { renderOverlay } from '../../src/labels/overlay.ts';
import { createImage } from '../../src/pixels/image.ts';
import type { Image } from '../../src/pixels/image.ts';

const red: Rgb = [255, 0, 0];
const blue: Rgb = [0, 0, 255];

function pixel(image: Image, x: number, y: number): number[] {
  const start = (y * image.width + x) * image.channels;
  return [...image.data.subarray(start, start + image.channels)];
}

describe('renderOverlay', () => {
  const labels = createLabelMap(40, 40, 2);
  for (let y = 10; y < 30; y++) labels.planes[0]!.fill(1, y * 40 + 10, y * 40 + 20);
  for (let y = 10; y < 30; y++) {
    for (let x = 15; x < 30; x++) labels.planes[0]![y * 40 + x]! |= 2;
  }
  const image = createImage(40, 40, 1);
  image.data.fill(100);

  it('keeps what is outside, mixes inside, and draws the outline opaque', () => {
    const drawn = renderOverlay(image, labels, { opacity: 0.5, outlineWidth: 1, colours: [red, blue] });
    expect(drawn.channels).toBe(3);
    expect(pixel(drawn, 5, 5)).toEqual([100, 100, 100]);
    expect(pixel(drawn, 12, 20)).toEqual([178, 50, 50]);
    expect(pixel(drawn, 25, 20)).toEqual([50, 50, 178]);
    expect(pixel(drawn, 10, 20)).toEqual([...red]);
    expect(pixel(drawn, 29, 20)).toEqual([...blue]);
  });

  it('shows both classes where they overlap', () => {
    const drawn = renderOverlay(image, labels, { opacity: 1, outlineWidth: 0, colours: [red, blue] });
    const seen = new Set(Array.from({ length: 4 }, (_, i) => String(pixel(drawn, 16 + i, 20))));
    expect(seen).toEqual(new Set([String(red), String(blue)]));
  });

  it('leaves the image as it is with neither fill nor outline', () => {
    const colour = createImage(40, 40, 3);
    colour.data.forEach((_, i) => (colour.data[i] = i % 251));
    const drawn = renderOverlay(colour, labels, { opacity: 0, outlineWidth: 0 });
    for (const [x, y] of [
      [3, 4],
      [17, 20],
    ] as const) {
      expect(pixel(drawn, x, y)).toEqual(pixel(colour, x, y));
    }
  });

  it('shows the middle channel of a stack', () => {
    const stack = createImage(40, 40, 7);
    stack.data.forEach((_, i) => (stack.data[i] = i % 7));
    const drawn = renderOverlay(stack, labels, { opacity: 0, outlineWidth: 0 });
    expect(pixel(drawn, 3, 4)).toEqual([3, 3, 3]);
  });

  it('refuses another size', () => {
    expect(() => renderOverlay(createImage(4, 4, 3), labels)).toThrow(PhalanxError);
  });
});

describe('classColours', () => {
  it('gives 29 classes colours that can be told apart', () => {
    const colours = classColours(29);
    for (const [i, a] of colours.entries()) {
      for (const b of colours.slice(0, i)) {
        const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        expect(distance).toBeGreaterThan(50);
      }
    }
  });
});
