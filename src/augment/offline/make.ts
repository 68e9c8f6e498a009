import type { Dataset, Sample, SampleEntry } from '../../data/dataset.ts';
import { tilt } from '../../labels/tilt.ts';
import { buildTransform } from '../build.ts';
import { copyPaste } from '../mixing/copyPaste.ts';
import { joinPatches } from '../mixing/patches.ts';
import { drawRicap } from '../mixing/ricap.ts';
import { rasterOf, sampleOf } from '../sample.ts';
import { fitted } from './fit.ts';
import { makeMosaic } from './mosaic.ts';
import type { ChildRecord, OfflineSettings } from './options.ts';
import type { PlannedChild } from './plan.ts';
import { makeRotation } from './rotation.ts';

interface Child {
  readonly sample: Sample;
  readonly record: ChildRecord;
}

/** Reads the parents and makes the image; what is random comes from the plan. */
export async function makeChild(
  { kind, recipe, parents, random }: PlannedChild,
  dataset: Dataset,
  settings: OfflineSettings,
): Promise<Child> {
  const draw = random.derive('pixels');
  const made = (
    sample: Sample,
    of: readonly SampleEntry[],
    parameters: ChildRecord['parameters'],
  ): Child => ({
    sample,
    record: { parents: [...new Set(of.map(({ id }) => id))], kind, parameters },
  });
  switch (recipe) {
    case 'rotation': {
      const { uprightWithin, angle } = settings.rotation;
      const parent = await firstUpright(dataset, parents, uprightWithin);
      const { sample, parameters } = await makeRotation(await readSample(dataset, parent), angle, draw);
      return made(sample, [parent], parameters);
    }
    case 'mosaic': {
      const { sample, parameters } = await makeMosaic(
        await readSamples(dataset, parents),
        settings.mosaic.cut,
        draw,
      );
      return made(sample, parents, { corners: parents.map(({ id }) => id), ...parameters });
    }
    case 'ricap': {
      const samples = await readSamples(dataset, parents);
      const first = samples[0]!;
      const patches = drawRicap(first.image, settings.ricap.beta, draw);
      const fitting = await Promise.all(samples.map((sample) => fitted(sample, first.image)));
      const sample = sampleOf(joinPatches(fitting.map(rasterOf), patches), first);
      return made(sample, parents, { corners: parents.map(({ id }) => id), ...patches });
    }
    case 'copyPaste': {
      const [target, source] = (await readSamples(dataset, parents)) as [Sample, Sample];
      const pasted = await copyPaste(target, await fitted(source, target.image), settings.copyPaste, draw);
      const classes = pasted.classes.map((index) => dataset.classes[index]!);
      const [onto, from] = parents.map(({ id }) => id);
      return made(pasted.sample, parents, { onto, from, classes, mirrored: pasted.mirrored });
    }
    default: {
      const sample = await readSample(dataset, parents[0]!);
      return made(await buildTransform(recipe)(sample, draw), parents, { transform: recipe });
    }
  }
}

async function readSamples(dataset: Dataset, entries: readonly SampleEntry[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const entry of entries) samples.push(await readSample(dataset, entry));
  return samples;
}

async function readSample(dataset: Dataset, entry: SampleEntry): Promise<Sample> {
  const [image, labels] = await Promise.all([dataset.readImage(entry), dataset.readLabels(entry)]);
  return { image, labels };
}

/** The first upright hand, or the first of all when none is. */
async function firstUpright(
  dataset: Dataset,
  candidates: readonly SampleEntry[],
  within: number,
): Promise<SampleEntry> {
  for (const entry of candidates) {
    const angle = tilt(await dataset.readLabels(entry));
    if (angle !== undefined && Math.abs(angle) < within) return entry;
  }
  return candidates[0]!;
}
