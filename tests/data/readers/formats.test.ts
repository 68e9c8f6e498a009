import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { checkFormat } from '../../../src/data/formats/check.ts';
import { batchesInOrder, openDataset, prepareEntries } from '../../../src/experiment/experimentData.ts';
import { temporaryFolder } from '../../temporaryFolder.ts';
import { cases, experiment } from './cases.ts';
import type { Case } from './cases.ts';
import { planeOf, side } from './scenario.ts';

async function written({ pictures: all, write: one, finish }: Case): Promise<string> {
  const root = join(await temporaryFolder(), 'set');
  for (const [index, picture] of all.entries()) await one(root, picture, index);
  await finish?.(root, all);
  return root;
}

describe.each(Object.entries(cases))('%s', (_name, scenario) => {
  test('becomes a batch of the right pixels and labels', async () => {
    const root = await written(scenario);
    const config = experiment(root, scenario.format);
    const dataset = await openDataset(config.data);
    const entries = dataset.entries.train;
    expect(entries.map(({ person }) => person)).toEqual(scenario.persons);
    for (const entry of entries) expect(await dataset.readSize(entry)).toEqual({ width: side, height: side });
    const cache = await prepareEntries(dataset, entries, config.data, join(root, '..', 'cache'));
    const batches = [];
    for await (const batch of batchesInOrder(cache, entries, config)) batches.push(batch);
    expect(batches).toHaveLength(1);
    const [{ images, labels, imageShape, labelShape }] = batches as [(typeof batches)[0]];
    expect([imageShape, labelShape]).toEqual([
      [3, side, side, 1],
      [3, side, side, 1],
    ]);
    expect([...images]).toEqual(scenario.pictures.flatMap(({ grey: bytes }) => [...bytes]));
    expect([...labels]).toEqual(scenario.pictures.flatMap(planeOf));
  });

  test('has no defects', async () => {
    const root = await written(scenario);
    const { format } = experiment(root, scenario.format).data;
    const { defects, images } = await checkFormat(root, format);
    expect(defects.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(images).toEqual({ train: 3, test: 0 });
  });
});

test('the command line checks a folder by its format', async () => {
  const root = await written(cases['masks beside their images, as the LGG brain MRI has them']!);
  const format = JSON.stringify(cases['masks beside their images, as the LGG brain MRI has them']!.format);
  const { stdout } = await promisify(execFile)(process.execPath, [
    'bin/phalanx.js',
    ...['data', 'check', root, '--format', format],
  ]);
  expect(stdout).toContain('3 + 0 images of 3 people: 0 errors, 0 warnings.');
});
