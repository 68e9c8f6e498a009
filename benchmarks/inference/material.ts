import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf } from '../../src/core/bytes.ts';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import type { EnsembleMember } from '../../src/inference/ensemble/combine.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { SubmissionWriter } from '../../src/inference/submission/writer.ts';
import { fillPolygons } from '../../src/labels/polygons.ts';
import { encodeRle, rleDialects } from '../../src/labels/rle.ts';
import { polygonsOf } from '../data/masks.ts';
import { classes, fullSize, readLogits } from '../data/material.ts';
import type { Material } from '../data/material.ts';

/** The image that ensembles predict. */
export const image = 'hand.png';
const shifts = [-0.1, 0, 0.1];
/** Models that are joined, and submissions that vote. */
export const models = shifts.length;

/** One of the models' predictions, as the ensemble takes them. */
export function memberIn(folder: string, model: number): EnsembleMember {
  return { name: String(model), store: new LogitStore(join(folder, `model-${model}`)) };
}

/** One of the submissions that vote. */
export function ballotIn(folder: string, model: number): string {
  return join(folder, `ballot-${model}.csv`);
}

/** A prediction of every hand of the dataset. */
export function predictionIn(folder: string): string {
  return join(folder, 'prediction.csv');
}

/**
 * Adds to the folder what both sides read: the logits of three models that differ a little, in Phalanx's store and as
 * `model-M-TYPE.npy` (29×512×512, float32 or uint16: 2048 steps to a logit, from -16), three submissions of so many
 * images and the prediction.
 *
 * @returns Bytes of one model's logits of the image in the store.
 */
export async function prepareInference(material: Material, images: number): Promise<number> {
  const { folder, root } = material;
  const { width, height, data } = await readLogits(material);
  let bytes = 0;
  for (const [model, shift] of shifts.entries()) {
    const logits = data.map((logit) => logit + shift);
    const { store } = memberIn(folder, model);
    await store.write(logits, {
      image,
      height,
      width,
      originalHeight: fullSize,
      originalWidth: fullSize,
      classes: handBoneClasses,
      provenance: {},
    });
    bytes = (await store.read(image)).bytes;
    const planes = planesOf(logits, width * height);
    const codes = Uint16Array.from(planes, (logit) =>
      Math.round(2048 * (Math.min(Math.max(logit, -16), 15.9) + 16)),
    );
    const shape = [classes, height, width];
    await writeNpy(join(folder, `model-${model}-float32.npy`), '<f4', shape, planes);
    await writeNpy(join(folder, `model-${model}-uint16.npy`), '<u2', shape, codes);
  }
  const entries = (await readHandBone(root)).entries.train;
  for (let model = 0; model < models; model++) {
    const hands: (readonly string[])[] = [];
    for (const { annotationPath } of entries) hands.push(await rowsOf(annotationPath!, model));
    const ofImage = (index: number) => hands[index % hands.length]!;
    const names = Array.from({ length: images }, (_, index) => `image${index}.png`);
    await writeSubmission(ballotIn(folder, model), names, ofImage);
    if (model === 1) {
      const ids = entries.map(({ id }) => id);
      await writeSubmission(predictionIn(folder), ids, ofImage);
    }
  }
  return bytes;
}

/** Run-length codes of a hand's bones, a few pixels from where they are. */
async function rowsOf(annotationPath: string, shift: number): Promise<readonly string[]> {
  const polygons = (await polygonsOf({ annotationPath })).map(({ classIndex, points }) => ({
    classIndex,
    points: points.map((point) => [point[0]! + 2 * shift, point[1]! + shift]),
  }));
  const labels = await fillPolygons(polygons, { width: fullSize, height: fullSize, classes });
  return encodeRle(labels, rleDialects.handBone);
}

async function writeSubmission(
  path: string,
  images: readonly string[],
  rowsOfImage: (index: number) => readonly string[],
): Promise<void> {
  await using writer = await SubmissionWriter.open(path);
  for (const [index, name] of images.entries()) {
    for (const [c, rle] of rowsOfImage(index).entries()) await writer.write(name, handBoneClasses[c]!, rle);
  }
  await writer.commit();
}

/** `[pixels, classes]` to `[classes, pixels]`. */
function planesOf(logits: Float32Array, pixels: number): Float32Array {
  const planes = new Float32Array(logits.length);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < classes; c++) planes[c * pixels + i] = logits[i * classes + c]!;
  }
  return planes;
}

/** As NumPy's `save`. */
async function writeNpy(
  path: string,
  dtype: '<f4' | '<u2',
  shape: readonly number[],
  values: Float32Array | Uint16Array,
): Promise<void> {
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const header = Buffer.alloc(128, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(118, 8);
  header.write(`${text.padEnd(117)}\n`, 10, 'latin1');
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, Buffer.concat([header, bytesOf(values)]));
}
