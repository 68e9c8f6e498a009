import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { traceContours } from '../../src/labels/contours.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import { fillPolygons } from '../../src/labels/polygons.ts';

function fromRows(rows: readonly string[]): LabelMap {
  const labels = createLabelMap(rows[0]!.length, rows.length, 1);
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x++) labels.planes[0]![y * labels.width + x] = row[x] === '#' ? 1 : 0;
  }
  return labels;
}

async function roundTrip(labels: LabelMap): Promise<LabelMap> {
  const polygons = await traceContours(labels);
  for (const { points } of polygons) expect(points.length).toBeGreaterThanOrEqual(3);
  return fillPolygons(polygons, labels);
}

const shapes: Readonly<Record<string, readonly string[]>> = {
  pixel: ['...', '.#.', '...'],
  'two pixels': ['....', '.##.', '....'],
  diagonal: ['#..', '.#.', '..#'],
  'whole image': ['###', '###', '###'],
  line: ['.....', '#####', '.....'],
  'two components': ['##..##', '##..##', '......', '.##...'],
  'two blobs and a bridge': ['###...###', '###...###', '#########', '###...###', '###...###'],
  spikes: ['.#.#.', '.#.#.', '#####', '..#..', '..#..'],
  ring: ['#####', '#...#', '#...#', '#...#', '#####'],
  'thick ring': ['.#####.', '#######', '##...##', '##...##', '##...##', '#######', '.#####.'],
  'hole of one pixel': ['###', '#.#', '###'],
  'two holes with a thin wall': ['#######', '#..#..#', '#..#..#', '#######'],
  'holes one above the other': ['#####', '#...#', '#####', '#...#', '#####'],
  'island in a hole': ['#######', '#.....#', '#.###.#', '#.#.#.#', '#.###.#', '#.....#', '#######'],
  'diagonal hole': ['.###.', '##.##', '#.#.#', '##.##', '.###.'],
  'open at a corner': ['####.', '#..#.', '#...#', '#####'],
};

describe('traceContours', () => {
  for (const [name, rows] of Object.entries(shapes)) {
    it(`gives back ${name}`, async () => {
      const labels = fromRows(rows);
      expect(await roundTrip(labels)).toEqual(labels);
    });
  }

  it('gives back random masks, from sparse dust to a sponge of holes', async () => {
    const random = Random.from('contours');
    for (let trial = 0; trial < 60; trial++) {
      const labels = createLabelMap(random.integer(1, 40), random.integer(1, 40), 40);
      const density = random.uniform(0.05, 0.95);
      for (const [p, plane] of labels.planes.entries()) {
        const used = p === 0 ? 0xffffffff : 0xff;
        for (let i = 0; i < plane.length; i++) {
          let bits = 0;
          for (let bit = 0; bit < 32; bit++) if (random.chance(density)) bits |= 1 << bit;
          plane[i] = (bits & used) >>> 0;
        }
      }
      expect(await roundTrip(labels)).toEqual(labels);
    }
  });

  it('gives back overlapping discs and their overlaps, in few points', async () => {
    const labels = createLabelMap(200, 160, 3);
    const discs = [
      [60, 70, 50],
      [110, 80, 45],
      [199, 159, 60],
    ] as const;
    for (const [bit, [cx, cy, r]] of discs.entries()) {
      for (let y = 0; y < 160; y++) {
        for (let x = 0; x < 200; x++) {
          if ((x - cx) ** 2 + (y - cy) ** 2 <= r * r) labels.planes[0]![y * 200 + x]! |= 1 << bit;
        }
      }
    }
    const polygons = await traceContours(labels);
    expect(polygons.map(({ classIndex }) => classIndex)).toEqual([0, 1, 2]);
    expect(polygons[0]!.points.length).toBeLessThan(250);
    expect(await fillPolygons(polygons, labels)).toEqual(labels);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await traceContours(createLabelMap(5, 4, 29))).toEqual([]);
  });
});
