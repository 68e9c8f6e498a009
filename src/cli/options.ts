import { PhalanxError } from '../core/errors.ts';
import { ttaNames } from '../inference/tta/names.ts';

/** A parser for options that are whole numbers of at least `minimum`. */
export function wholeNumber(name: string, minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= minimum) return value;
    throw new PhalanxError('cli/option', {
      what: `The option ${name} cannot be used`,
      expected: `a whole number of at least ${minimum}`,
      received: JSON.stringify(text),
    });
  };
}

/** A parser for options that take one of a few names. */
export function oneOf<const Names extends readonly string[]>(
  name: string,
  names: Names,
): (text: string) => Names[number] {
  return (text) => {
    if (names.includes(text)) return text;
    throw new PhalanxError('cli/option', {
      what: `The option ${name} cannot be used`,
      expected: `one of ${names.join(', ')}`,
      received: JSON.stringify(text),
    });
  };
}

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** `--tta`, for commands that predict. */
export const ttaOption = [
  '--tta <views>',
  `views of each image that are averaged: ${ttaNames.join(', ')}`,
  oneOf('--tta', ttaNames),
  'hflip',
] as const;

/** Width and height of `1024x512`, pixels, or undefined for any other text. */
export function pixelSize(text: string): { readonly width: number; readonly height: number } | undefined {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  return width === undefined ? undefined : { width: Number(width), height: Number(height) };
}
