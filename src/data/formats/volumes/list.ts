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
import type { VolumesFormat } from './options.ts';
import { SliceReader } from './sliceReader.ts';
import type { SliceSource } from './sliceReader.ts';

/** A volume of images that can be read, with where its labels are. */
interface FoundVolume {
  readonly image: FoundImage;
  readonly header: VolumeHeader;
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
      relative: folder === '' ? name : `${folder}/${name}`,
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
  const labelOf = (image: FoundImage): string | undefined => {
    const { suffix } = format;
    const name = image.name.endsWith(suffix)
      ? image.name.slice(0, image.name.length - suffix.length)
      : image.name;
    return labelFile(tree, filledTemplate(format.labels, { ...image, name }))?.path;
  };
  const candidates = foundImages(tree, format).filter(({ name }) => name.endsWith(format.suffix));
  const labels = new Map(candidates.map((image) => [image.path, labelOf(image)]));
  const used = new Set(labels.values());
  const found = await mapConcurrently(
    // Where both lie in one folder, labels are not images.
    candidates.filter(({ path }) => !used.has(path)),
    async (image) => {
      try {
        const header = await readVolumeHeader(image.path, { root: tree.root, maxBytes: format.maxBytes });
        return { image, header, labelPath: labels.get(image.path) };
      } catch (thrown) {
        tree.defects.push(errorDefect(thrown, image.path));
        return undefined;
      }
    },
  );
  return found.filter((volume) => volume !== undefined);
}

function slicesIn(
  { image, header, labelPath }: FoundVolume,
  { name, person }: { readonly name: string; readonly person: string },
  format: VolumesFormat,
) {
  const { axis, every, neighbours, step, intensity, classes, ignore } = format;
  const { count, width, height } = slicesOf(header, axis);
  const digits = String(count - 1).length;
  const indices = Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
  return indices.map((index) => {
    const reading = { axis, index, neighbours, step, intensity, classes, ignore };
    const entry: SampleEntry = {
      id: `${name}_${axis}${String(index).padStart(digits, '0')}`,
      person,
      imagePath: image.path,
      reading: JSON.stringify(reading),
      ...(labelPath === undefined ? {} : { annotationPath: labelPath }),
      ...(header.dataPath === undefined ? {} : { sources: [header.dataPath] }),
    };
    const source: SliceSource = { imagePath: image.path, labelPath, index, count, size: { width, height } };
    return { split: image.split, entry, source };
  });
}
