import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { ConcurrencyOptions } from '../mapConcurrently.ts';
import { writeAnnotation, writeMetadata, writePicture } from './files.ts';
import { checkTarget, phantomVersion, writeManifest } from './manifest.ts';
import type { PhantomManifest } from './manifest.ts';
import { resolvePhantomOptions } from './options.ts';
import type { PhantomOptions } from './options.ts';
import { outliersOf, phantomPeople } from './person.ts';
import type { PhantomPerson, Side } from './person.ts';
import { renderHand } from './renderHand.ts';

/** Images that are encoded off the JavaScript thread while the next is rendered on it. */
const encodersAtOnce = 3;

type ManifestImage = PhantomManifest['images'][number];

/**
 * Writes a dataset of synthetic hand X-rays in the competition's layout: `train/DCM/ID001/image….png`,
 * `train/outputs_json/ID001/image….json`, the same under `test/`, and `meta_data.xlsx`. Two images per person. The
 * annotations under `test/` are for scoring only.
 *
 * `phantom.json` says what was made; it is marked incomplete until the last file is there, and running again with
 * the same options continues an interrupted dataset.
 *
 * @throws PhalanxError `phantom/options`, `phantom/exists`, `file/write`; the signal's reason when it is aborted.
 */
export async function writePhantom(
  directory: string,
  { onProgress, signal, ...options }: PhantomOptions & Pick<ConcurrencyOptions, 'onProgress' | 'signal'>,
): Promise<PhantomManifest> {
  const resolved = resolvePhantomOptions(options);
  signal?.throwIfAborted();
  await checkTarget(directory, resolved);
  await mkdir(directory, { recursive: true });
  const people = phantomPeople(resolved);
  const pictures = people.flatMap((person) =>
    (['right', 'left'] as const).map((side) => ({ person, entry: describe(person, side) })),
  );
  const manifest: PhantomManifest = {
    version: phantomVersion,
    complete: false,
    options: resolved,
    images: pictures.map(({ entry }) => entry),
  };
  await writeManifest(directory, manifest);

  await mapConcurrently(pictures, ({ person, entry }) => writeHand(directory, person, entry, resolved.size), {
    concurrency: encodersAtOnce,
    signal,
    onProgress,
  });
  await writeMetadata(join(directory, 'meta_data.xlsx'), people);
  const finished = { ...manifest, complete: true };
  await writeManifest(directory, finished);
  return finished;
}

async function writeHand(
  directory: string,
  person: PhantomPerson,
  { image, annotation, side }: ManifestImage,
  size: number,
): Promise<void> {
  // The annotation is written last, so where it exists the image does too.
  if (await exists(join(directory, annotation))) return;
  const picture = renderHand(person, side, size);
  await writePicture(join(directory, image), picture);
  const filename = image.slice(image.lastIndexOf('/') + 1);
  await writeAnnotation(join(directory, annotation), picture, filename, `/${person.split}/${person.id}`);
}

/** Where a hand's files go. File names are times, as the competition's are, and few of them name the side. */
function describe(person: PhantomPerson, side: Side): ManifestImage {
  const number = Number(person.id.slice(2));
  const random = person.random.derive('names');
  const suffixed = random.chance(0.15);
  const taken = 1_661_130_000_000 + number * 100_000 + random.integer(0, 40_000);
  const time = side === 'right' ? taken : taken + random.integer(20_000, 50_000);
  const name = `image${time}${suffixed ? (side === 'right' ? '_R' : '_L') : ''}`;
  return {
    image: `${person.split}/DCM/${person.id}/${name}.png`,
    annotation: `${person.split}/outputs_json/${person.id}/${name}.json`,
    person: person.id,
    split: person.split,
    side,
    outliers: outliersOf(person, side),
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
