import { join } from 'node:path';
import { PhalanxError } from '../../../core/errors.ts';
import { nearest } from '../../../core/nearest.ts';
import { errorDefect } from '../../defect.ts';
import type { Defect } from '../../defect.ts';
import { imageExtensions } from '../../images/anyImage.ts';
import { fileDataset } from '../fileDataset.ts';
import { foundImages } from '../foundImages.ts';
import type { FoundImage } from '../foundImages.ts';
import { insideRoot } from '../../insideRoot.ts';
import type { Listing } from '../listing.ts';
import { requireSize } from '../requirements.ts';
import { listTree } from '../tree.ts';
import { readCoco } from './document.ts';
import type { CocoDocument, CocoImage } from './document.ts';
import type { CocoFormat } from './options.ts';
import { paintCoco } from './paint.ts';

/** A COCO file that was read. */
interface ReadDocument extends CocoDocument {
  readonly path: string;
}

/** What a COCO file knows of an image. */
interface Known {
  readonly image: CocoImage;
  readonly document: ReadDocument;
}

/**
 * Lists images and reads the COCO files of the splits; that of the test split may be missing.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`, `annotation/unknown-label` for a class that is no
 *   category.
 */
export async function listCoco(root: string, format: CocoFormat): Promise<Listing> {
  const tree = await listTree(root, imageExtensions);
  const images = foundImages(tree, format);
  const known = new Map<string, Known>();
  const documents: ReadDocument[] = [];
  for (const folder of new Set(images.map(({ splitFolder }) => splitFolder))) {
    const path = join(
      tree.root,
      format.annotations.replaceAll('{split}', () => folder),
    );
    const tested = images.some(({ split, splitFolder }) => split === 'test' && splitFolder === folder);
    try {
      await insideRoot(tree.root, path);
      const document = { ...(await readCoco(path)), path };
      documents.push(document);
      tree.defects.push(...problemsOf(document));
      claim(document, join(tree.root, folder, format.images), images, known, tree.defects);
    } catch (thrown) {
      const defect = errorDefect(thrown, path);
      if (!(tested && defect.code === 'annotation/missing')) tree.defects.push(defect);
    }
  }
  const classes = classesOf(documents, format, tree.root);
  return fileDataset({
    tree,
    classes,
    images,
    layout: format,
    unknown: format.crowds === 'unknown',
    settings: { classes, crowds: format.crowds },
    labelsOf: ({ path }) => {
      const own = known.get(path);
      if (own === undefined) return { files: [], read: () => Promise.reject(new Error('There is no entry')) };
      const { image, document } = own;
      return {
        files: [document.path],
        read: (size) => {
          requireSize(image, size, `${document.path}, image ${image.id}`);
          const classOf = classOfCategories(document, classes);
          const { crowds } = format;
          const painting = { size, classOf, classes: classes.length, crowds, path: document.path };
          return Promise.resolve(paintCoco(document.annotations.get(image.id) ?? [], painting));
        },
      };
    },
  });
}

/** Gives each listed image what the document knows of it; paths that lead nowhere or out of the folder are defects. */
function claim(
  document: ReadDocument,
  folder: string,
  images: readonly FoundImage[],
  known: Map<string, Known>,
  defects: Defect[],
): void {
  const listed = new Set(images.map(({ path }) => path));
  for (const image of document.images) {
    const path = join(folder, image.file_name);
    if (!listed.has(path)) defects.push(withoutImage(document.path, image.file_name));
    else if (known.has(path)) defects.push(repeatedImage(document.path, image.file_name));
    else known.set(path, { image, document });
  }
}

function classesOf(
  documents: readonly CocoDocument[],
  { classes }: CocoFormat,
  root: string,
): readonly string[] {
  const categories = new Map(documents.flatMap((document) => [...document.categories]));
  const names = [...categories].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, name]) => name);
  if (classes === undefined) return [...new Set(names)];
  const unknown = classes.find((name) => documents.length > 0 && !names.includes(name));
  if (unknown === undefined) return classes;
  const meant = nearest(unknown, names);
  throw new PhalanxError('annotation/unknown-label', {
    what: 'A class of data.format is not a category of the COCO files',
    where: root,
    expected: meant === undefined ? `some of ${names.slice(0, 20).join(', ')}` : `perhaps ${meant}`,
    received: unknown,
  });
}

function classOfCategories(
  { categories }: CocoDocument,
  classes: readonly string[],
): Map<number | string, number> {
  const pairs = [...categories].map(([id, name]) => [id, classes.indexOf(name)] as const);
  return new Map(pairs.filter(([, index]) => index >= 0));
}

/** Problems of one kind beyond these say nothing new. */
const maxProblems = 20;

function problemsOf({ problems, path }: ReadDocument): Defect[] {
  return problems.slice(0, maxProblems).map(({ where, received }) => ({
    severity: 'error',
    code: 'annotation/malformed',
    file: path,
    what: `${where} cannot be understood`,
    expected: 'an entry as COCO has them',
    received,
  }));
}

const withoutImage = (file: string, name: string): Defect => ({
  severity: 'error',
  code: 'annotation/without-image',
  file,
  what: 'An image of the COCO file is not there',
  expected: "a file in the split's folder of images",
  received: name.slice(0, 200),
  fix: 'Add the image, remove its entry, or correct data.format.images',
});

const repeatedImage = (file: string, name: string): Defect => ({
  severity: 'error',
  code: 'annotation/repeated-image',
  file,
  what: 'An image has two entries in the COCO file',
  expected: 'one entry for each file_name',
  received: name.slice(0, 200),
});
