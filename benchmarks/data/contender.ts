/** Phalanx's side of the suites `data` and `inference`. */
import { inferenceWorks } from '../inference/works.ts';
import { forgetPeak, peakBytes, serve } from '../serve.ts';
import type { Conditions, Measure } from './work.ts';
import { dataWorks } from './works.ts';

const conditions = JSON.parse(process.argv[2]!) as Omit<Conditions, 'inFlight'>;
// Rows that both suites have are the same ones.
const works = [...dataWorks, ...inferenceWorks];
const measures = new Map<string, Measure>();

function keyOf(request: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([request['work'], request['inFlight']]);
}

await serve({
  prepare: async (request) => {
    const work = works.find(({ name }) => name === request['work'])!;
    for (const key of measures.keys()) {
      // One work at a time is in memory.
      if ((JSON.parse(key) as string[])[0] !== work.name) measures.delete(key);
    }
    const measure = await work.ours({ ...conditions, inFlight: Number(request['inFlight']) });
    measures.set(keyOf(request), measure);
    await measure();
    return { startPeakBytes: peakBytes() };
  },
  run: async (request) => {
    forgetPeak();
    const timing = await measures.get(keyOf(request))!();
    return { ...timing, peakBytes: peakBytes() };
  },
});
