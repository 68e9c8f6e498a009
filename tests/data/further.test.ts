import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foldSplit, makeFolds } from '../../src/data/folds.ts';
import { withFurther } from '../../src/data/further.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { temporaryFolder } from '../temporaryFolder.ts';
import { writeTiny } from './tinyDataset.ts';

async function setUp() {
  const folder = await temporaryFolder();
  const main = await readHandBone(
    await writeTiny(join(folder, 'main'), { train: 3, sexes: ['남', '여', '남'] }),
  );
  const further = await readHandBone(await writeTiny(join(folder, 'lab'), { train: 1, sexes: ['여'] }));
  return { main, further, both: withFurther(main, further, 'lab') };
}

test('a further dataset is trained on in every fold and never validated on, its people are others', async () => {
  const { main, both } = await setUp();
  const added = both.entries.train.filter(({ origin }) => origin === 'lab');
  expect(added.map(({ id, person }) => [id, person])).toEqual([
    ['lab/image11_R.png', 'lab/ID001'],
    ['lab/image12.png', 'lab/ID001'],
  ]);
  expect(both.entries.test).toEqual(main.entries.test);
  expect(both.persons.get('lab/ID001')).toMatchObject({ id: 'lab/ID001', sex: 'female' });
  const options = { count: 3, seed: 0, stratify: 'sex' } as const;
  const folds = makeFolds(both, options);
  expect(folds.foldOf).toEqual(makeFolds(main, options).foldOf);
  for (let fold = 0; fold < 3; fold++) {
    const { train, validation } = foldSplit(folds, fold);
    expect(train.filter(({ origin }) => origin === 'lab')).toEqual(added);
    expect(validation.every(({ origin }) => origin === undefined)).toBe(true);
    expect(validation).toHaveLength(2);
  }
});

test('its images and labels are its own', async () => {
  const { main, further, both } = await setUp();
  for (const [entry, owner, id] of [
    [both.entries.train.at(-1)!, further, 'image12.png'],
    [both.entries.train[1]!, main, 'image12.png'],
  ] as const) {
    const own = owner.entries.train.find((one) => one.id === id)!;
    expect(await both.readImage(entry)).toEqual(await owner.readImage(own));
    expect(await both.readLabels(entry)).toEqual(await owner.readLabels(own));
  }
});

test('other classes are refused', async () => {
  const { main, further } = await setUp();
  expect(() => withFurther(main, { ...further, classes: ['Radius'] }, 'lab')).toThrow(
    expect.objectContaining({ code: 'data/other-classes' }),
  );
});
