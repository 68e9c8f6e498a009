/** Ensembles the soak's logits, in a process of its own, so that its memory is what the ensemble takes. */
import { join } from 'node:path';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { ensemble } from '../../src/inference/ensemble/ensemble.ts';
import { forgetPeak, peakBytes, serve } from '../serve.ts';
import { memberIn } from './material.ts';
import { soakImage } from './soakLogits.ts';

await serve({
  ensemble: async (request) => {
    const folder = String(request['folder']);
    const members = Array.from({ length: Number(request['models']) }, (_, model) => memberIn(folder, model));
    const entries = Array.from({ length: Number(request['images']) }, (_, index) => {
      const id = soakImage(index);
      return { id, person: id, imagePath: id };
    });
    forgetPeak();
    const [usage, start] = [process.cpuUsage(), performance.now()];
    let rows = 0;
    for await (const event of ensemble({
      members,
      entries,
      classes: handBoneClasses,
      out: join(folder, 'soak.csv'),
    })) {
      if (event.type === 'finished') rows = event.submission.rows;
    }
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(usage);
    return { seconds, processorSeconds: (user + system) / 1e6, rows, peakBytes: peakBytes() };
  },
});
