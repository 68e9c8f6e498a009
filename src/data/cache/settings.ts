import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelInterpolation, ResizeMethod } from '../../pixels/resize.ts';
import { sampleVersion } from './sampleFile.ts';
import type { SampleShape } from './sampleFile.ts';

/** Raised whenever the same sources and settings would give other pixels. */
const pixelsVersion = 1;
const version = `${sampleVersion}.${pixelsVersion}`;

/** File in each folder of samples that says what they were made with; the folder is named after its content. */
export const settingsName = 'settings.json';

/** The text of that file. */
export function describeFolder(settings: {
  readonly shape: SampleShape;
  readonly interpolation: ResizeMethod;
  readonly labelInterpolation: LabelInterpolation;
  readonly classes: readonly string[];
}): string {
  const { shape, interpolation, labelInterpolation, classes } = settings;
  const { width, height, channels } = shape;
  // What is as it was before there was a choice is left out: those samples are as good as ever.
  const labels = labelInterpolation === 'nearest' ? {} : { labelInterpolation };
  const unknown = shape.unknown === true ? { unknown: true } : {};
  const described = { version, width, height, channels, interpolation, ...labels, classes, ...unknown };
  return `${JSON.stringify(described, null, 2)}\n`;
}

/** Whether the samples in a folder could still be read: by its settings, they are of this version. */
export async function isCurrent(folder: string): Promise<boolean> {
  try {
    const settings: unknown = JSON.parse(await readFile(join(folder, settingsName), 'utf8'));
    return (
      typeof settings === 'object' &&
      settings !== null &&
      'version' in settings &&
      settings.version === version
    );
  } catch {
    return false;
  }
}
