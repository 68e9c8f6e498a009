import { fileURLToPath } from 'node:url';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { fullSize } from '../data/material.ts';
import { withBenchFolder } from '../data/measure.ts';
import { Contender } from '../contender.ts';
import type { Machine } from '../machine.ts';
import type { Results } from '../report.ts';
import { memberIn } from './material.ts';
import { soakImage, soakLogits, soakSize } from './soakLogits.ts';

const models = 5;
const goals = { peakBytes: 0.5e9, bytesPerImageAndModel: 3e6 } as const;

/** A competition's test images and five models of them, from their stores to a submission. */
export async function soak(quick: boolean, machine: Machine): Promise<Results> {
  const images = quick ? 20 : 300;
  return withBenchFolder('soak', async (folder) => {
    const storedBytes = await writeStores(folder, images);
    const program = process.execPath;
    const child = new Contender('Phalanx', {
      program,
      parameters: ['--import', 'tsx', fileURLToPath(new URL('soak.process.ts', import.meta.url))],
      environment: { UV_THREADPOOL_SIZE: String(machine.cores) },
    });
    try {
      const answer = await child.ask({ do: 'ensemble', folder, images, models });
      const [seconds, processorSeconds, rows, peakBytes] = [
        'seconds',
        'processorSeconds',
        'rows',
        'peakBytes',
      ].map((name) => Number(answer[name])) as [number, number, number, number];
      const bytesPerImageAndModel = Math.round(storedBytes / images / models);
      const facts = {
        images,
        models,
        rows,
        seconds,
        imagesPerSecond: images / seconds,
        processorSecondsPerImage: processorSeconds / images,
        peakBytes,
        bytesPerImageAndModel,
        goals,
      };
      const met = (name: keyof typeof goals): string => (facts[name] <= goals[name] ? 'met' : 'missed');
      const notes = [
        `${images} images of ${fullSize}² × ${models} synthetic models at ${soakSize}², 29 classes, from the stores to a submission of ${rows} rows: ${seconds.toFixed(1)} s, ${(images / seconds).toFixed(1)} images/s.`,
        `Memory: at most ${(peakBytes / 1e9).toFixed(2)} GB resident, libraries included; goal ≤ ${(goals.peakBytes / 1e9).toFixed(2)} GB, ${met('peakBytes')}.`,
        `Stored: ${(bytesPerImageAndModel / 1e6).toFixed(3)} MB per image and model; goal ≤ ${goals.bytesPerImageAndModel / 1e6} MB, ${met('bytesPerImageAndModel')}.`,
      ];
      return { suite: 'inference-soak', quick, machine, rows: [], notes, facts };
    } finally {
      await child.close();
    }
  });
}

/** @returns Bytes of all files. */
async function writeStores(folder: string, images: number): Promise<number> {
  const stores = Array.from({ length: models }, (_, model) => memberIn(folder, model).store);
  let bytes = 0;
  for (let index = 0; index < images; index++) {
    if (index % 20 === 0) console.error(`Writing logits, image ${index} of ${images}`);
    const image = soakImage(index);
    for (const [model, store] of stores.entries()) {
      await store.write(soakLogits(index, model), {
        image,
        height: soakSize,
        width: soakSize,
        originalHeight: fullSize,
        originalWidth: fullSize,
        classes: handBoneClasses,
        provenance: { model: String(model) },
      });
      bytes += (await store.read(image)).bytes;
    }
  }
  return bytes;
}
