import { symmetries } from '../../pixels/symmetry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

/** Swaps rows and columns. */
export const Transpose = defineGeometric('Transpose', { p: probability(0.5) }, () => [
  { kind: 'symmetry', symmetry: symmetries.t },
]);

export const transpose = builderOf(Transpose);
