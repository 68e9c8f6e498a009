import type { DecoderConfig } from './options.ts';

type Inputs = Pick<DecoderConfig<'multi-input-unet'>, 'inputs'>;

/** Channels of each modality, in the order of the image's: those told, or one each. */
export function modalities({ inputs }: Inputs, inChannels: number): readonly number[] {
  return inputs ?? new Array<number>(inChannels).fill(1);
}

/** What is wrong between the modalities and the channels of the image; undefined where nothing is. */
export function modalitiesDefect(decoder: Inputs, inChannels: number): string | undefined {
  const channels = modalities(decoder, inChannels);
  const sum = channels.reduce((total, count) => total + count, 0);
  if (sum !== inChannels) {
    return `expected the channels of each modality, whose sum is inChannels (${inChannels}), received a sum of ${sum}`;
  }
  return channels.length < 2 ? 'expected at least two modalities; take unet for one' : undefined;
}
