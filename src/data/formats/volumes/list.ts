import type { SampleEntry } from '../../dataset.ts';
import { errorDefect } from '../../defect.ts';
import { mapConcurrently } from '../../mapConcurrently.ts';
import { readVolumeHeader, volumeExtensions } from '../../volumes/anyVolume.ts';
import { slicesOf } from '../../volumes/slice.ts';
import type { VolumeHeader } from '../../volumes/volume.ts';
import { filledTemplate, foundImages, labelFile } from '../foundImages.ts';
import type { FoundImage } from '../foundImages.ts';
import type { Listing } from '../listing.ts';
import { personFinder } from '../persons.ts';
import { sampleNames, splitEntries } from '../sampleNames.ts';
import { listTree } from '../tree.ts';
import type { Tree } from '../tree.ts';
import { modalityFiles, modalityIntensities } from '../modalities.ts';
import type { VolumesFormat } from './options.ts';
import { requireSize, SliceReader } from './sliceReader.ts';
import type { SliceSource } from './sliceReader.ts';

/** A volume of images that can be read, with where its labels are. */
interface FoundVolume {
  readonly image: FoundImage;
  /** Of each modality, its own first. */
  readonly files: readonly string[];
  readonly headers: readonly [VolumeHeader, ...VolumeHeader[]];
  readonly labelPath: string | undefined;
}

/**
 * Lists the slices of volumes; of each volume, the header is read.
 *
 * @throws PhalanxError `dataset/missing`, `dataset/too-large`.
 */
export async function listVolumes(root: string, format: VolumesFormat): Promise<Listing> {
  const tree = await listTree(root, volumeExtensions);
  const volumes = await foundVolumes(tree, format);
  const names = sampleNames(
    volumes.map(({ image: { folder, name, path } }) => ({
      relative: `${folder === '' ? '' : `${folder}/`}${name}${format.suffix}`,
      path,
    })),
    tree.defects,
  );
  const personOf = personFinder(format, tree.defects);
  const slices = volumes.flatMap((volume, index) =>
    slicesIn(volume, { name: names[index]!, person: personOf(volume.image) }, format),
  );
  const sources = new Map(slices.map(({ entry, source }) => [entry.id, source]));
  const reader = new SliceReader(tree.root, format);
  const sourceOf = ({ id }: SampleEntry): SliceSource => sources.get(id)!;
  const expected = `volumes (${volumeExtensions.join(', ')}) in ${format.images}`;
  return {
    dataset: {
      root: tree.root,
      classes: format.classes.map(({ name }) => name),
      unknown: format.unknown.length > 0,
      persons: new Map(),
      entries: splitEntries(tree.root, slices, expected, tree.defects),
      readImage: (entry) => reader.readImage(sourceOf(entry)),
      readLabels: (entry) => reader.readLabels(sourceOf(entry)),
      readSize: (entry) => Promise.resolve(sourceOf(entry).size),
    },
    defects: tree.defects,
  };
}

async function foundVolumes(tree: Tree, format: VolumesFormat): Promise<FoundVolume[]> {
  const labelOf = (image: FoundImage): string | undefined =>
    labelFile(tree, filledTemplate(format.labels, image))?.path;
  const found = foundImages(tree, format);
  const labels = new Map(found.map((image) => [image.path, labelOf(image)]));
  const used = new Set(labels.values());
  // Where both lie in one folder, labels are not images.
  const candidates = found.filter(({ path }) => !used.has(path));
  const files = modalityFiles(tree, candidates, format);
  const limits = { root: tree.root, maxBytes: format.maxBytes };
  const volumes = await mapConcurrently(
    candidates.filter(({ path }) => files.has(path)),
    async (image): Promise<FoundVolume | undefined> => {
      const [, ...others] = files.get(image.path)!;
      try {
        const own = await readVolumeHeader(image.path, limits);
        const further: VolumeHeader[] = [];
        for (const path of others) {
          const header = await readVolumeHeader(path, limits);
          requireSize(header, own, path);
          further.push(header);
        }
        const headers = [own, ...further] as const;
        return { image, files: [image.path, ...others], headers, labelPath: labels.get(image.path) };
      } catch (thrown) {
        tree.defects.push(errorDefect(thrown, image.path));
        return undefined;
      }
    },
  );
  return volumes.filter((volume) => volume !== undefined);
}

function slicesIn(
  { image, files, headers, labelPath }: FoundVolume,
  { name, person }: { readonly name: string; readonly person: string },
  format: VolumesFormat,
) {
  const { axis, every, neighbours, step, intensity, classes, ignore } = format;
  const { count, width, height } = slicesOf(headers[0], axis);
  const intensities = modalityIntensities(format);
  // The settings of one modality stay as they were before there could be several.
  const modalities = files.length === 1 ? {} : { intensities };
  const sources = [
    ...files.slice(1),
    ...headers.map(({ dataPath }) => dataPath).filter((path) => path !== undefined),
  ];
  const digits = String(count - 1).length;
  const indices = Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
  return indices.map((index) => {
    const reading = { axis, index, neighbours, step, intensity, classes, ignore, ...modalities };
    const entry: SampleEntry = {
      id: `${name}_${axis}${String(index).padStart(digits, '0')}`,
      person,
      imagePath: image.path,
      reading: JSON.stringify(reading),
      ...(labelPath === undefined ? {} : { annotationPath: labelPath }),
      ...(sources.length === 0 ? {} : { sources }),
    };
    const source: SliceSource = { files, labelPath, index, count, size: { width, height } };
    return { split: image.split, entry, source };
  });
}
