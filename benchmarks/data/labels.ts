/** Shapes and scores of 29 masks at 2048². */
import { readFile } from 'node:fs/promises';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import { boundaryIou } from '../../src/labels/boundaryIou.ts';
import { fillHoles, findComponents, keepComponents } from '../../src/labels/components.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { scoreMasks } from '../../src/labels/maskScores.ts';
import { dilateLabels, erodeLabels } from '../../src/labels/morphology.ts';
import { fillPolygons } from '../../src/labels/polygons.ts';
import { resizeLabels } from '../../src/labels/resize.ts';
import { surfaceDistances } from '../../src/labels/surfaceDistances.ts';
import { hausdorffDistance, normalizedSurfaceDice } from '../../src/labels/surfaceMetrics.ts';
import { release } from '../../src/pixels/memory.ts';
import { classes, fullSize } from './material.ts';
import { calling } from './work.ts';
import type { DataWork } from './work.ts';

const size = { width: fullSize, height: fullSize, classes };

/** The masks of one image, and others like them: every polygon a few pixels further. */
interface Masks {
  readonly target: LabelMap;
  readonly predicted: LabelMap;
}

interface LabelWork {
  readonly name: string;
  /** The peer's function of this name in `labels.py`. */
  readonly work: string;
  /** Ways in which the peer does it. */
  readonly modes: readonly string[];
  readonly once: (masks: Masks) => Promise<unknown>;
}

const works: readonly LabelWork[] = [
  {
    name: 'dilate 29 masks, 7×7 square',
    work: 'dilate',
    modes: ['OpenCV'],
    once: ({ target }) => made(dilateLabels(target, { shape: 'square', radius: 3 })),
  },
  {
    name: 'erode 29 masks, disk of radius 5',
    work: 'erode',
    modes: ['OpenCV'],
    once: ({ target }) => made(erodeLabels(target, { shape: 'disk', radius: 5 })),
  },
  {
    name: 'components of 29 masks with areas, boxes and centroids',
    work: 'components',
    modes: ['OpenCV'],
    once: ({ target }) => findComponents(target),
  },
  {
    name: 'largest component of 29 masks',
    work: 'largest',
    modes: ['OpenCV and NumPy'],
    once: ({ target }) => made(keepComponents(target, { largest: 1 })),
  },
  {
    name: 'holes of 29 masks',
    work: 'holes',
    modes: ['OpenCV', 'SciPy'],
    once: ({ target }) => made(fillHoles(target)),
  },
  {
    name: '29 masks to 512², what covers half of a pixel',
    work: 'area',
    modes: ['OpenCV'],
    once: ({ target }) => made(resizeLabels(target, { width: 512, height: 512 }, 'area')),
  },
  {
    name: 'Dice, IoU, precision and recall of 29 masks',
    work: 'scores',
    modes: ['NumPy'],
    once: ({ predicted, target }) => scoreMasks(predicted, target),
  },
  {
    name: 'boundary IoU of 29 masks',
    work: 'boundaryIou',
    modes: ['OpenCV and NumPy'],
    once: ({ predicted, target }) => boundaryIou(predicted, target),
  },
  {
    name: 'Hausdorff 95 and surface Dice of 29 masks',
    work: 'surfaces',
    modes: ['OpenCV and NumPy', 'SciPy'],
    once: async ({ predicted, target }) => {
      const distances = await surfaceDistances(predicted, target);
      return distances.map((one) => [hausdorffDistance(one, 95), normalizedSurfaceDice(one, 2)]);
    },
  },
];

export const labelWorks: readonly DataWork[] = works.map(({ name, work, modes, once }) => ({
  name,
  ours: async (conditions) => {
    const masks = await readMasks(conditions.material.annotationPath);
    return calling(conditions, () => once(masks));
  },
  peer: { module: 'labels', modes, options: { work } },
}));

/** @param annotationPath Polygons of an image of 2048², in the hand-bone layout. */
async function readMasks(annotationPath: string): Promise<Masks> {
  const { annotations } = JSON.parse(await readFile(annotationPath, 'utf8')) as {
    annotations: { label: string; points: [number, number][] }[];
  };
  const filled = (dx: number, dy: number) =>
    fillPolygons(
      annotations.map(({ label, points }) => ({
        classIndex: handBoneClasses.findIndex((name) => name === label),
        points: points.map(([x, y]) => [x + dx, y + dy]),
      })),
      size,
    );
  return { target: await filled(0, 0), predicted: await filled(3, 2) };
}

/** As whoever makes label maps one after the other gives their memory back. */
async function made(labels: Promise<LabelMap>): Promise<void> {
  release((await labels).planes);
}
