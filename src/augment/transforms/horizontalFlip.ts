import { symmetries } from '../../pixels/symmetry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

/** Swaps left and right. */
export const HorizontalFlip = defineGeometric('HorizontalFlip', { p: probability(0.5) }, () => [
  { kind: 'symmetry', symmetry: symmetries.h },
]);

export const horizontalFlip = builderOf(HorizontalFlip);
