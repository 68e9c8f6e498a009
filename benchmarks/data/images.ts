/** Image files. */
import { readImageFile } from '../../src/data/imageFile.ts';
import { fullSize } from './material.ts';
import { calling } from './work.ts';
import type { DataWork } from './work.ts';

export const imageWorks: readonly DataWork[] = [
  {
    name: `decode a ${fullSize}² PNG`,
    goal: 0.8,
    ours: (conditions) =>
      Promise.resolve(calling(conditions, () => readImageFile(conditions.material.imagePath))),
    peer: { module: 'images', modes: ['OpenCV'], options: {} },
  },
];
