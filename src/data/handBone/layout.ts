import { join } from 'node:path';
import type { SampleEntry, Split } from '../dataset.ts';
import type { Defect } from '../defect.ts';
import { FolderWalk } from '../folderWalk.ts';

/** What lies in a folder of the competition's layout, before any file is opened. */
export interface HandBoneListing {
  /** Absolute, free of symbolic links. */
  readonly root: string;
  /** Sorted by the image's path from the split's image folder, as Python sorts strings. */
  readonly entries: Readonly<Record<Split, readonly SampleEntry[]>>;
  readonly metaDataPath?: string;
  /** What is wrong with the arrangement of files itself. */
  readonly defects: readonly Defect[];
}

export const splits = ['train', 'test'] as const satisfies readonly Split[];

const imageFolder = 'DCM';
const annotationFolder = 'outputs_json';
const metaDataNames = ['meta_data.xlsx', 'meta_data.csv'];

/**
 * Lists `{train,test}/DCM/<person>/<name>.png`, `{train,test}/outputs_json/<person>/<name>.json` and
 * `meta_data.xlsx` (or else `meta_data.csv`). An image and its annotation share person and name, with or without a
 * `_R` or `_L`. Files whose name starts with a dot are passed over. No file outside the root is ever listed.
 *
 * @throws PhalanxError `dataset/missing` when the root is not a readable folder, `dataset/too-large`.
 */
export async function listHandBone(root: string): Promise<HandBoneListing> {
  const walk = await FolderWalk.from(root);
  const entries: Record<Split, SampleEntry[]> = { train: [], test: [] };
  for (const split of splits) {
    const images = await personFiles(walk, join(walk.root, split, imageFolder), '.png');
    const annotations = await personFiles(walk, join(walk.root, split, annotationFolder), '.json');
    const byKey = new Map(annotations.map((file) => [file.key, file]));
    entries[split] = images.map((image) => entryOf(image, byKey.get(image.key)));
    const used = new Set(entries[split].map(({ annotationPath }) => annotationPath));
    for (const { path } of annotations) if (!used.has(path)) walk.defects.push(withoutImage(path));
  }
  const all = [...entries.train, ...entries.test];
  if (all.length === 0) walk.defects.push(emptyDataset(walk.root));
  walk.defects.push(...repeatedNames(all));
  const { files } = await walk.list(walk.root);
  const metaData = metaDataNames.find((name) => files.includes(name));
  return {
    root: walk.root,
    entries,
    defects: walk.defects,
    ...(metaData === undefined ? {} : { metaDataPath: join(walk.root, metaData) }),
  };
}

/** A file `<folder>/<person>/<name>`. */
interface ListedFile {
  readonly path: string;
  readonly person: string;
  readonly name: string;
  /** What an image and its annotation have in common: person and name without extension. */
  readonly key: string;
}

/** The files with this extension in the persons' folders within `folder`, sorted by path; none if it is missing. */
async function personFiles(walk: FolderWalk, folder: string, extension: string): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  const { folders: persons, files: loose } = await walk.list(folder);
  for (const name of loose.filter((name) => hasExtension(name, extension))) {
    walk.defects.push(misplaced(join(folder, name), join(folder, '<person>', name)));
  }
  for (const person of persons) {
    for (const name of (await walk.list(join(folder, person))).files) {
      if (!hasExtension(name, extension)) continue;
      const key = `${person}/${name.slice(0, -extension.length)}`;
      files.push({ path: join(folder, person, name), person, name, key });
    }
  }
  return files.sort((a, b) => comparePaths(`${a.person}/${a.name}`, `${b.person}/${b.name}`));
}

/** Order of code points, Python's and the submission's; JavaScript's own is that of UTF-16 units. */
function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function hasExtension(name: string, extension: string): boolean {
  return name.toLowerCase().endsWith(extension);
}

function entryOf({ name, person, path }: ListedFile, annotation: ListedFile | undefined): SampleEntry {
  const entry = { id: name, person, imagePath: path };
  return annotation === undefined ? entry : { ...entry, annotationPath: annotation.path };
}

function repeatedNames(entries: readonly SampleEntry[]): Defect[] {
  const first = new Map<string, string>();
  const defects: Defect[] = [];
  for (const { id, imagePath } of entries) {
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, imagePath);
    else {
      defects.push({
        severity: 'error',
        code: 'dataset/repeated-name',
        file: imagePath,
        what: 'Two images have the same name',
        expected: 'every image to have a name of its own, since submissions know images by name',
        received: `the name of ${earlier}`,
        fix: 'Rename one of them, and its annotation',
      });
    }
  }
  return defects;
}

const emptyDataset = (root: string): Defect => ({
  severity: 'error',
  code: 'dataset/empty',
  file: root,
  what: 'The dataset has no images',
  expected: `images in ${splits.map((split) => join(split, imageFolder, '<person>', '<name>.png')).join(' or ')}`,
});

const withoutImage = (file: string): Defect => ({
  severity: 'error',
  code: 'annotation/without-image',
  file,
  what: 'The annotation has no image',
  expected: `an image with the same person and name in ${imageFolder}`,
  fix: 'Add the image or remove the annotation',
});

const misplaced = (file: string, expected: string): Defect => ({
  severity: 'error',
  code: 'dataset/misplaced-file',
  file,
  what: "The file is not in a person's folder",
  expected,
  fix: 'Move it into the folder of its person',
});
