import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/core/random.ts';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { write } from '../temporaryFolder.ts';

/** A PNG of seeded noise; with one channel, a grey PNG. */
export async function noisePng(
  seed: string,
  width = 32,
  height = 32,
  channels: 1 | 3 | 4 = 3,
): Promise<Buffer> {
  const random = Random.from('png', seed);
  const pixels = Uint8Array.from({ length: width * height * channels }, () => random.integer(0, 256));
  const image = sharp(pixels, { raw: { width, height, channels } });
  return await (channels === 1 ? image.toColourspace('b-w') : image).png().toBuffer();
}

export interface TinyPolygon {
  type: string;
  points: number[][];
  label: string;
}

/** Every bone as a triangle somewhere in a 32 × 32 image. */
export function tinyPolygons(): TinyPolygon[] {
  return handBoneClasses.map((label, index) => ({
    type: 'poly_seg',
    points: [
      [index, index],
      [index + 2, index],
      [index, index + 2],
    ],
    label,
  }));
}

export function annotationJson(annotations: readonly TinyPolygon[], width = 32, height = 32): string {
  return JSON.stringify({ annotations, filename: 'x.png', metadata: { width, height }, last_workers: [] });
}

export interface TinyOptions {
  readonly train?: number;
  readonly test?: number;
  /** Sex column of each training person in turn; without it there is no table. */
  readonly sexes?: readonly string[];
}

/**
 * Writes a faultless dataset: training persons `ID001`, … with images `image…1_R.png` and `image…2.png`, test persons
 * `ID901`, … with one image each.
 */
export async function writeTiny(
  root: string,
  { train = 2, test = 1, sexes }: TinyOptions = {},
): Promise<string> {
  const add = async (split: string, person: string, name: string, annotated: boolean): Promise<void> => {
    await write(join(root, split, 'DCM', person, `${name}.png`), await noisePng(name));
    if (!annotated) return;
    await write(join(root, split, 'outputs_json', person, `${name}.json`), annotationJson(tinyPolygons()));
  };
  for (let person = 1; person <= train; person++) {
    const id = `ID${String(person).padStart(3, '0')}`;
    await add('train', id, `image${person}1_R`, true);
    await add('train', id, `image${person}2`, true);
  }
  for (let person = 1; person <= test; person++)
    await add('test', `ID${900 + person}`, `image9${person}`, false);
  if (sexes !== undefined) {
    const rows = sexes.map((sex, index) => `ID${String(index + 1).padStart(3, '0')},30,${sex},60,170,`);
    const tests = Array.from({ length: test }, (_, index) => `ID${901 + index},30,여,60,170,`);
    await write(
      join(root, 'meta_data.csv'),
      ['ID,나이,성별,체중(몸무게),키(신장),Unnamed: 5', ...rows, ...tests].join('\n'),
    );
  }
  return root;
}
