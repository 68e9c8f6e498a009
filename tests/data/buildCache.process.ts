/** Prepares a cache in a process of its own, which the cache test kills: `buildCache.process.ts ROOT DIRECTORY SIDE`. */
import { prepareCache } from '../../src/data/cache/cache.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';

const [root = '', directory = '', side = ''] = process.argv.slice(2);
const dataset = await readHandBone(root);
await prepareCache(dataset, dataset.entries.train, {
  directory,
  imageSize: { width: Number(side), height: Number(side) },
  channels: 3,
  interpolation: 'linear',
  concurrency: 1,
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
