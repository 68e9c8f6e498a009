import type { Defect } from '../defect.ts';
import type { Intensity } from '../intensity/options.ts';
import { filledTemplate, labelFile } from './foundImages.ts';
import type { FoundImage } from './foundImages.ts';
import type { Layout } from './layoutOptions.ts';
import type { Tree } from './tree.ts';

/**
 * For each image, by path, the files of its modalities: its own, then the others in the order of the layout. An image
 * that lacks one is a defect and left out, and so is a file that is another image's modality.
 */
export function modalityFiles(
  tree: Tree,
  images: readonly FoundImage[],
  { modalities }: Pick<Layout, 'modalities'>,
): ReadonlyMap<string, readonly string[]> {
  const found = images.map((image) => ({
    image,
    others: modalities.map(({ file }) => labelFile(tree, filledTemplate(file, image))?.path),
  }));
  const used = new Set(found.flatMap(({ others }) => others));
  const files = new Map<string, readonly string[]>();
  for (const { image, others } of found) {
    if (used.has(image.path)) continue;
    const missing = others.indexOf(undefined);
    if (missing < 0) files.set(image.path, [image.path, ...others.filter((path) => path !== undefined)]);
    else tree.defects.push(withoutModality(image, modalities[missing]!.file));
  }
  return files;
}

/** How each modality's numbers become bytes. */
export function modalityIntensities({
  intensity,
  modalities,
}: Pick<Layout, 'intensity' | 'modalities'>): (Intensity | undefined)[] {
  return [intensity, ...modalities.map((modality) => modality.intensity ?? intensity)];
}

const withoutModality = (image: FoundImage, template: string): Defect => ({
  severity: 'error',
  code: 'image/no-modality',
  file: image.path,
  what: 'The image lacks a file of data.format.modalities',
  expected: filledTemplate(template, image),
  fix: 'Add the file, move the image away, or correct data.format.modalities or data.format.suffix',
});
