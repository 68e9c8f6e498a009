import { PhalanxError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import type { Sample } from '../../data/dataset.ts';
import type { DrawPartner, MixedSample, SampleMixer } from '../../data/loader/mixing.ts';
import { blendImages, blendUnit } from '../../pixels/blend.ts';
import { release } from '../../pixels/memory.ts';
import { chooseByWeight } from '../chooseByWeight.ts';
import { arraysOf, rasterOf, sampleOf } from '../sample.ts';
import { copyPaste } from './copyPaste.ts';
import { drawCutMix, pasteWindow } from './cutMix.ts';
import { drawMosaic } from './mosaic.ts';
import { joinPatches, patchSizes } from './patches.ts';
import type { FourPatches } from './patches.ts';
import { drawRicap } from './ricap.ts';
import { canBlend } from './spec.ts';
import type { Mix, SingleMix } from './spec.ts';

/** The mixer that a list of mixes describes; each is applied to what those before it gave. */
export function buildMixer(mixes: readonly Mix[]): SampleMixer {
  return {
    blends: mixes.some(canBlend),
    async mix(sample, random, partner) {
      let current: MixedSample = sample;
      for (const [index, mix] of mixes.entries()) {
        const own = random.derive(index);
        if (!own.chance(mix.p)) continue;
        const chosen = mix.name === 'OneOf' ? chooseByWeight(mix.transforms, own) : mix;
        const next = await apply(chosen, current, own, partner);
        // What lies between the given sample and the result is seen by nobody else.
        if (current !== sample) release(arraysOf(current), [...arraysOf(next), ...arraysOf(sample)]);
        current = next;
      }
      return current;
    },
  };
}

async function apply(
  mix: SingleMix,
  sample: Sample,
  random: Random,
  partner: DrawPartner,
): Promise<MixedSample> {
  const another = async (index = 0): Promise<Sample> => {
    const drawn = await partner(random.derive('partner', index));
    requireAlike(sample, drawn);
    return drawn;
  };
  switch (mix.name) {
    case 'MixUp': {
      // Rounded first, so that the labels' share is exactly that of the pixels.
      const share = Math.round(blendUnit * (1 - random.beta(mix.alpha, mix.alpha))) / blendUnit;
      const second = await another();
      const image = await blendImages(sample.image, second.image, share);
      return { image, labels: sample.labels, blended: { labels: second.labels, share } };
    }
    case 'CutMix': {
      const window = drawCutMix(sample.image, mix.alpha, random);
      return sampleOf(pasteWindow(rasterOf(sample), rasterOf(await another()), window), sample);
    }
    case 'Mosaic': {
      const patches = drawMosaic(sample.image, mix.centerRange, random);
      return join(sample, patches, largestCorner(sample, patches), another);
    }
    case 'RICAP':
      return join(sample, drawRicap(sample.image, mix.beta, random), 0, another);
    case 'CopyPaste':
      return (await copyPaste(sample, await another(), mix, random)).sample;
  }
}

async function join(
  sample: Sample,
  patches: FourPatches,
  ownCorner: number,
  another: (index: number) => Promise<Sample>,
): Promise<Sample> {
  const samples: Sample[] = [];
  for (const corner of [0, 1, 2, 3]) samples.push(corner === ownCorner ? sample : await another(corner));
  return sampleOf(joinPatches(samples.map(rasterOf), patches), sample);
}

function requireAlike(sample: Sample, partner: Sample): void {
  const shapeOf = ({ image, labels }: Sample): string =>
    `${image.width}×${image.height} pixels of ${image.channels} channels, ${labels.classes} classes${labels.unknown === undefined ? '' : ' and unknown pixels'}`;
  const [expected, received] = [shapeOf(sample), shapeOf(partner)];
  if (expected === received) return;
  throw new PhalanxError('augment/mix-shape', {
    what: 'Samples of different shapes cannot be mixed',
    expected,
    received,
    fix: 'Let the last transform of the augmentation bring all samples to one size',
  });
}

function largestCorner({ image }: Sample, { cut }: FourPatches): number {
  const areas = patchSizes(image, cut).map(({ width, height }) => width * height);
  return areas.indexOf(Math.max(...areas));
}
