import { join } from 'node:path';
import type { Split } from '../dataset.ts';
import type { Layout } from './layoutOptions.ts';
import type { Tree, TreeFile } from './tree.ts';

/** An image of one of the splits. */
export interface FoundImage {
  readonly split: Split;
  /** The split's folder below the root. */
  readonly splitFolder: string;
  /** Absolute. */
  readonly path: string;
  /** Path below the folder of the images, with `/`. */
  readonly relative: string;
  /** Folder below the folder of the images, with `/`; empty for none. */
  readonly folder: string;
  /** Name without extension and the suffix of images. */
  readonly name: string;
}

/**
 * The files in the images' folders of the splits whose names end with the suffix of images. Where no folder of the training split has a file, the root is that
 * split's folder, and there is nothing to test on.
 */
export function foundImages(
  tree: Tree,
  layout: Pick<Layout, 'train' | 'test' | 'images' | 'suffix'>,
): FoundImage[] {
  const { suffix } = layout;
  return filesOfSplits(tree, layout)
    .filter(({ name }) => name.endsWith(suffix))
    .map((image) => ({ ...image, name: image.name.slice(0, image.name.length - suffix.length) }));
}

function filesOfSplits(tree: Tree, layout: Pick<Layout, 'train' | 'test' | 'images'>): FoundImage[] {
  const present = layout.train.some((folder) =>
    tree.files.some(({ relative }) => relative.startsWith(prefixOf(folder))),
  );
  if (!present) return imagesOf(tree, 'train', '.', layout.images);
  return [
    ...layout.train.flatMap((folder) => imagesOf(tree, 'train', folder, layout.images)),
    ...layout.test.flatMap((folder) => imagesOf(tree, 'test', folder, layout.images)),
  ];
}

function imagesOf(tree: Tree, split: Split, splitFolder: string, images: string): FoundImage[] {
  const prefix = `${prefixOf(splitFolder)}${prefixOf(images)}`;
  return tree.files
    .filter(({ relative }) => relative.startsWith(prefix))
    .map(({ path, relative: whole, stem }) => {
      const relative = whole.slice(prefix.length);
      const slash = relative.lastIndexOf('/');
      // Of the absolute path, so that an extension of two parts is off.
      const name = stem.slice(path.length - (relative.length - slash - 1));
      return { split, splitFolder, path, relative, folder: relative.slice(0, Math.max(0, slash)), name };
    });
}

/** A folder as a path below it begins; nothing for the folder itself. */
function prefixOf(folder: string): string {
  const parts = folder.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
  return parts.map((part) => `${part}/`).join('');
}

/**
 * Where a template leads below the root: `{split}` is the split's folder, `{folder}` and `{name}` are the image's,
 * `{class}` is a class.
 */
export function filledTemplate(
  template: string,
  { splitFolder, folder, name }: Pick<FoundImage, 'splitFolder' | 'folder' | 'name'>,
  className = '',
): string {
  // Functions, because a name may hold what replaceAll() takes for a pattern.
  return template
    .replaceAll('{split}', () => splitFolder)
    .replaceAll('{folder}', () => folder)
    .replaceAll('{name}', () => name)
    .replaceAll('{class}', () => className);
}

/** The listed file that a filled template leads to, with the extension it has or with any. */
export function labelFile(tree: Tree, filled: string): TreeFile | undefined {
  const path = join(tree.root, filled);
  const exact = tree.byStem.get(path)?.[0];
  return (
    exact ?? tree.byStem.get(path.replace(/(\.nii)?\.[^./\\]+$/, ''))?.find((file) => file.path === path)
  );
}
