import { symmetries } from '../../pixels/symmetry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

/** Swaps top and bottom. */
export const VerticalFlip = defineGeometric('VerticalFlip', { p: probability(0.5) }, () => [
  { kind: 'symmetry', symmetry: symmetries.v },
]);

export const verticalFlip = builderOf(VerticalFlip);
