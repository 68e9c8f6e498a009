/** Run by memory.test.ts: ensembles few logits and then many, and prints the peak of the resident memory of each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forgetPeak, peakBytes } from '../../benchmarks/serve.ts';
import { Random } from '../../src/core/random.ts';
import { combinations } from '../../src/inference/ensemble/combination.ts';
import { ensemble } from '../../src/inference/ensemble/ensemble.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const classes = classNames(8);
const side = 192;
const original = 512;
const most = { members: 6, images: 12 };
const few = { members: 2, images: 4 };

const folder = await mkdtemp(join(tmpdir(), 'phalanx-ensemble-memory-'));
try {
  const stores = Array.from({ length: most.members }, (_, m) => new LogitStore(join(folder, String(m))));
  const images = Array.from({ length: most.images }, (_, index) => `${index}.png`);
  const logits = syntheticLogits(side, side, classes.length, Random.from('memory'));
  for (const image of images) {
    for (const store of stores) {
      await store.write(logits, {
        image,
        height: side,
        width: side,
        originalHeight: original,
        originalWidth: original,
        classes,
        provenance: {},
      });
    }
  }
  const peakOf = async (combine: (typeof combinations)[number], size: typeof most): Promise<number> => {
    globalThis.gc?.();
    forgetPeak();
    const events = ensemble({
      members: stores.slice(0, size.members).map((store, m) => ({ name: String(m), store })),
      combine,
      entries: images.slice(0, size.images).map((id) => ({ id, person: id, imagePath: id })),
      classes,
      out: join(folder, 'out.csv'),
      overwrite: true,
    });
    for await (const event of events) if (event.type === 'finished') break;
    return peakBytes();
  };
  for (const combine of combinations) {
    // The first time, code is compiled and pools of memory are filled.
    await peakOf(combine, few);
    const [small, large] = [await peakOf(combine, few), await peakOf(combine, most)];
    console.log(
      JSON.stringify({ combine, small, large, held: most.members * most.images * logits.byteLength }),
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
