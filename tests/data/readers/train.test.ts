import { join } from 'node:path';
import { expect, test } from 'vitest';
import { experimentSchema } from '../../../src/experiment/schema.ts';
import { listRuns } from '../../../src/experiment/runDirectory.ts';
import { openRunData, predictRun, storeOf } from '../../../src/experiment/predictRun.ts';
import { ttaOf } from '../../../src/inference/tta/options.ts';
import { trainExperiment } from '../../../src/experiment/trainExperiment.ts';
import { temporaryFolder, write } from '../../temporaryFolder.ts';
import { writeMetaImage } from './scenario.ts';

test('slices of volumes with their neighbours train, validate and are predicted', async () => {
  const folder = await temporaryFolder();
  const root = join(folder, 'set');
  const size = [32, 40, 3] as const;
  const voxels = Int16Array.from({ length: 32 * 40 * 3 }, (_, i) => ((i % 32) - 16) * 60);
  for (const [split, name] of [
    ['train', 'p1'],
    ['train', 'p2'],
    ['test', 'p3'],
  ] as const) {
    await writeMetaImage(join(root, split, `images/${name}.mha`), size, voxels);
    const labels = voxels.map((value) => (value > 0 ? 2 : 0));
    if (split === 'train') await writeMetaImage(join(root, split, `labels/${name}.mha`), size, labels);
  }
  const config = experimentSchema.parse({
    data: {
      root,
      format: {
        name: 'volumes',
        classes: [{ name: 'bright', value: 2 }],
        neighbours: 1,
        intensity: { name: 'window', low: -1000, high: 1000 },
      },
      imageSize: 32,
      folds: { count: 2 },
    },
    model: {
      decoder: { name: 'unet', channels: [16, 16, 16] },
      encoder: { name: 'resnet18', depth: 3 },
    },
    loss: [{ name: 'bce' }],
    optimizer: { name: 'adamw', learningRate: 1e-3 },
    schedule: { name: 'constant' },
    training: { length: { steps: 1 }, batchSize: 2, precision: 'float32' },
  });
  const runs = join(folder, 'runs');
  const cache = join(folder, 'cache');
  const path = await write(join(folder, 'volumes.ts'), 'export default {};\n');
  const experiment = { name: 'volumes', path, config };
  const types: string[] = [];
  for await (const event of trainExperiment({ experiment, runs, cache })) types.push(event.type);
  expect(types.filter((type) => ['step', 'validation', 'finished'].includes(type))).toEqual([
    'step',
    'validation',
    'finished',
  ]);

  const [run] = await listRuns(runs);
  const tta = ttaOf('none');
  const store = storeOf(run!, 'test', tta);
  const data = await openRunData(run!, 'test');
  for await (const event of predictRun({ data, tta, store, cache })) expect(event.type).not.toBe('warning');
  const { info } = await store.read('p3_z1');
  expect([info.originalWidth, info.originalHeight]).toEqual([32, 40]);
});
