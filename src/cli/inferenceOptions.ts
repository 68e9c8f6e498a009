import type { Command } from 'commander';
import { PhalanxError } from '../core/errors.ts';
import type { Inference } from '../inference/windows/options.ts';
import { oneOf, pixelSize } from './options.ts';

/** Options that say in which windows images are predicted. */
export interface InferenceFlags {
  readonly window?: Size | 'none';
  readonly overlap?: number;
  readonly windowWeights?: 'uniform' | 'gaussian';
  readonly size?: Size | 'training' | 'original';
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A parser for `512` and `1024x512`, width first, or one of a few words. */
function size<const Word extends string>(
  option: string,
  words: readonly Word[],
): (text: string) => Size | Word {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    const size = pixelSize(text.includes('x') ? text : `${text}x${text}`);
    if (size !== undefined) return size;
    throw new PhalanxError('cli/option', {
      what: `The option ${option} cannot be used`,
      expected: `pixels, such as 512 or 1024x512, or ${words.join(' or ')}`,
      received: JSON.stringify(text),
    });
  };
}

/** A parser for a number from 0 to 1. */
export function share(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= 1) return value;
    throw new PhalanxError('cli/option', {
      what: `The option ${option} cannot be used`,
      expected: 'a number from 0 to 1',
      received: JSON.stringify(text),
    });
  };
}

/** Adds the options to a command. */
export function addInferenceOptions(command: Command): Command {
  return command
    .option(
      '--window <size>',
      'predict in windows of so many pixels, such as 512 or 1024x512; none: images as a whole',
      size('--window', ['none']),
    )
    .option(
      '--overlap <share>',
      'of a window that the next one covers again (default 0.5)',
      share('--overlap'),
    )
    .option(
      '--window-weights <weights>',
      'uniform, or gaussian: windows count less towards their border (default)',
      oneOf('--window-weights', ['uniform', 'gaussian']),
    )
    .option(
      '--size <size>',
      "what windows are cut from: images at the training's size (default), their original, or another size",
      size('--size', ['training', 'original']),
    );
}

/**
 * What the options ask for; undefined where they leave it to the run's settings.
 *
 * @throws PhalanxError `cli/option` for an option of windows without windows, `experiment/invalid`.
 */
export async function inferenceOf(flags: InferenceFlags): Promise<Inference | undefined> {
  const { window, overlap, windowWeights: weights, size: imageSize } = flags;
  const given = { overlap, '--window-weights': weights, size: imageSize };
  if (window === undefined || window === 'none') {
    const lost = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    if (lost === undefined) return window === undefined ? undefined : { mode: 'whole' };
    throw new PhalanxError('cli/option', {
      what: 'An option of windows is given without windows',
      where: lost.startsWith('--') ? lost : `--${lost}`,
      fix: 'Say how large they are with --window',
    });
  }
  const { inferenceSchema } = await import('../inference/windows/options.ts');
  const { parseDeclared } = await import('../experiment/validate.ts');
  const declared = { mode: 'slidingWindow', window, overlap, weights, imageSize };
  return parseDeclared(inferenceSchema, declared, 'the command line');
}
