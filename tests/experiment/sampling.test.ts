import { expect, test } from 'vitest';
import { Random } from '../../src/core/random.ts';
import type { Dataset, SampleEntry } from '../../src/data/dataset.ts';
import { samplingOf } from '../../src/experiment/sampling.ts';
import type { EpochSampling } from '../../src/experiment/sampling.ts';
import { samplingSchema } from '../../src/experiment/samplingSchema.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { temporaryFolder, write } from '../temporaryFolder.ts';
import { changed } from './declarations.ts';

const classes = ['Radius', 'Ulna', 'Pisiform'];
const entries: SampleEntry[] = ['a', 'b', 'c', 'd'].map((name, i) => ({
  id: `${name}.png`,
  person: `ID${i >> 1}`,
  imagePath: '',
  ...(name === 'd' ? { parents: [], origin: 'rare' } : {}),
}));
const dataset = { root: '', classes, entries: { train: entries, test: [] } } as unknown as Dataset;
const cache = {
  shape: { width: 64, height: 48, channels: 1, classes: 3 } as const,
  /** Everyone has a radius, nobody an ulna, image c alone a pisiform. */
  areas: ({ id }: SampleEntry) => Promise.resolve(Uint32Array.of(9, 0, id === 'c.png' ? 4 : 0)),
};

async function sampling(declared: unknown, from: Pick<Dataset, 'entries'> = dataset): Promise<EpochSampling> {
  const parsed = declared === undefined ? undefined : samplingSchema.parse(declared);
  return samplingOf(parsed, { ...dataset, ...from }, entries, cache);
}

async function counts(declared: unknown): Promise<Record<string, number>> {
  const { sampler, samples } = await sampling(declared);
  const drawn = sampler(entries, Random.from('sampling'));
  expect(drawn).toHaveLength(samples);
  const found: Record<string, number> = {};
  for (const { entry, focus } of drawn) {
    const key = `${entry.id}${focus === undefined ? '' : ` for ${classes[focus]}`}`;
    found[key] = (found[key] ?? 0) + 1;
  }
  return found;
}

test('without any declaration each image comes once', async () => {
  const once = { 'a.png': 1, 'b.png': 1, 'c.png': 1, 'd.png': 1 };
  expect(await counts(undefined)).toEqual(once);
  expect(await counts({ crop: 32 })).toEqual(once);
  expect(await sampling({ crop: 32 })).toMatchObject({ samples: 4, crop: { width: 32, height: 32 } });
});

test('weights go by image and by person', async () => {
  const found = await counts({ draws: 7000, weights: { 'a.png': 2, ID0: 2, ID1: 0.5 } });
  const parts = { 'a.png': 4, 'b.png': 2, 'c.png': 0.5, 'd.png': 0.5 };
  for (const [id, part] of Object.entries(parts)) {
    expect(Math.abs(found[id]! - part * 1000), id).toBeLessThan(200);
  }
});

test('what is left out is no entry any more, and somebody must be left', async () => {
  const declared = { weights: { 'a.png': 0 }, sources: { main: 1, rare: 0 } };
  expect((await sampling(declared)).entries.map(({ id }) => id)).toEqual(['b.png', 'c.png']);
  const nobody = { weights: { ID0: 0, ID1: 0 } };
  await expect(sampling(nobody)).rejects.toMatchObject({ code: 'sampling/nothing' });
});

test('tags leave out and repeat', async () => {
  const file = await write(
    `${await temporaryFolder()}/tags.json`,
    JSON.stringify({
      version: 1,
      tags: { 'a.png': ['ring', 'bent'], 'b.png': ['nail-art'], 'x.png': ['ring'] },
    }),
  );
  const factors = { ring: 2, bent: 3, 'nail-art': 0 };
  const found = await counts({ draws: 8000, tags: { file, factors } });
  expect(Object.keys(found).sort()).toEqual(['a.png', 'c.png', 'd.png']);
  expect(Math.abs(found['a.png']! - 6000)).toBeLessThan(200);
  await expect(sampling({ tags: { file, factors: { rings: 1 } } })).rejects.toMatchObject({
    code: 'sampling/unknown',
    message: expect.stringContaining('perhaps ring') as string,
  });
});

test('sources are mixed by their parts', async () => {
  const found = await counts({ draws: 6000, sources: { main: 1, rare: 1 } });
  expect(Math.abs(found['d.png']! - 3000)).toBeLessThan(200);
  await expect(sampling({ sources: { main: 1 } })).rejects.toMatchObject({
    code: 'sampling/sources',
    message: expect.stringContaining('rare') as string,
  });
  await expect(sampling({ sources: { main: 1, rare: 1, offline: 1 } })).rejects.toMatchObject({
    code: 'sampling/unknown',
  });
});

test('classes are drawn by name, from images that have them', async () => {
  const found = await counts({ draws: 4000, classes: { share: 0.5, weights: { Pisiform: 1, Ulna: 1 } } });
  expect(Math.abs(found['c.png for Pisiform']! - 2000)).toBeLessThan(160);
  expect(Object.keys(found).filter((key) => key.includes('for'))).toHaveLength(1);
  const even = await counts({ draws: 4000, classes: { share: 1 } });
  expect(Math.abs(even['c.png for Pisiform']! - 2000)).toBeLessThan(160);
  await expect(sampling({ classes: { weights: { Pisiforme: 1 } } })).rejects.toMatchObject({
    code: 'sampling/unknown',
  });
});

test('a window must fit into the images', async () => {
  await expect(sampling({ crop: { width: 64, height: 64 } })).rejects.toMatchObject({
    code: 'sampling/crop',
  });
});

test('an image or person that is not there is named', async () => {
  await expect(sampling({ weights: { ID9: 2 } })).rejects.toMatchObject({ code: 'sampling/unknown' });
});

test.each([
  { draws: 0 },
  { weights: { a: -1 } },
  { classes: { share: 1.5 } },
  { crop: 16 },
  { tags: { file: 'tags.json' } },
  { everything: true },
])('refuses %j', (declared) => {
  expect(experimentSchema.safeParse(changed('training.sampling', declared)).success).toBe(false);
});

test('an experiment may declare it, and further datasets', () => {
  const declared = changed('training.sampling', { classes: {}, crop: 64, sources: { main: 2, lab: 1 } }) as {
    data: object;
  };
  declared.data = { ...declared.data, further: [{ name: 'lab', root: 'data/lab' }] };
  const { data, training } = experimentSchema.parse(declared);
  expect(data.further).toEqual([{ name: 'lab', root: 'data/lab' }]);
  expect(training.sampling).toMatchObject({ weights: {}, classes: { share: 0.5 } });
});
