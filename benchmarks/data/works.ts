import { augmentWorks } from './augment.ts';
import { imageWorks } from './images.ts';
import { labelWorks } from './labels.ts';
import { loaderWorks } from './loader.ts';
import { maskWorks } from './masks.ts';
import type { DataWork } from './work.ts';

/** Every row of the suite; a new family of works is a file beside this one, with its Python twin, and a line here. */
export const dataWorks: readonly DataWork[] = [
  ...maskWorks,
  ...labelWorks,
  ...imageWorks,
  ...augmentWorks,
  ...loaderWorks,
];
