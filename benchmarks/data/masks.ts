/** Label maps: from polygons, to run-length codes, from logits. */
import { readFile } from 'node:fs/promises';
import { readHandBone } from '../../src/data/handBone/reader.ts';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { fillPolygons } from '../../src/labels/polygons.ts';
import type { Polygon } from '../../src/labels/polygons.ts';
import { encodeRle, rleDialects } from '../../src/labels/rle.ts';
import { logitOf, upsampleRle } from '../../src/labels/upsample.ts';
import { release } from '../../src/pixels/memory.ts';
import { classes, fullSize, readLogits } from './material.ts';
import type { Material } from './material.ts';
import { calling } from './work.ts';
import type { Conditions, DataWork } from './work.ts';

const size = { width: fullSize, height: fullSize };

export async function polygonsOf({ annotationPath }: Pick<Material, 'annotationPath'>): Promise<Polygon[]> {
  const { annotations } = JSON.parse(await readFile(annotationPath, 'utf8')) as {
    annotations: { label: string; points: number[][] }[];
  };
  return annotations.map(({ label, points }) => ({
    classIndex: handBoneClasses.findIndex((name) => name === label),
    points,
  }));
}

async function fill(conditions: Conditions) {
  const polygons = await polygonsOf(conditions.material);
  return calling(conditions, async () => {
    // As whoever makes label maps one after the other gives their memory back.
    release((await fillPolygons(polygons, { ...size, classes })).planes);
  });
}

/** Rows of the suite `inference` as well. */
export const encodeWork: DataWork = {
  name: `RLE-encode 29 masks at ${fullSize}²`,
  goal: 0.03,
  ours: async (conditions) => {
    const dataset = await readHandBone(conditions.material.root);
    const labels = await dataset.readLabels(dataset.entries.train[0]!);
    return calling(conditions, () => encodeRle(labels, rleDialects.handBone));
  },
  peer: {
    module: 'masks',
    modes: ['NumPy, as published', 'NumPy, without copies'],
    options: { work: 'rle' },
  },
};

export const upsampleWork: DataWork = {
  name: `upsample 512² to ${fullSize}², threshold, RLE, 29 classes`,
  goal: 0.03,
  precision: 'float32',
  ours: async (conditions) => {
    const logits = await readLogits(conditions.material);
    const thresholds = new Float32Array(classes).fill(logitOf(0.5));
    return calling(conditions, () => upsampleRle(logits, { ...size, thresholds }, rleDialects.handBone));
  },
  peer: {
    module: 'masks',
    modes: ['PyTorch and NumPy', 'OpenCV and NumPy'],
    options: { work: 'upsample' },
  },
};

export const maskWorks: readonly DataWork[] = [
  {
    name: `fill 29 polygons at ${fullSize}², classes last`,
    goal: 0.1,
    ours: fill,
    peer: {
      module: 'masks',
      modes: ['OpenCV, a plane each, copied', 'OpenCV, planes stacked last'],
      options: { work: 'fill-last' },
    },
  },
  {
    name: `fill 29 polygons at ${fullSize}², classes first`,
    goal: 0.1,
    ours: fill,
    peer: {
      module: 'masks',
      modes: ['OpenCV, into zeros not yet touched', 'OpenCV, planes stacked first'],
      options: { work: 'fill-first' },
    },
  },
  encodeWork,
  upsampleWork,
];
