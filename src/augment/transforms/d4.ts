import { symmetries } from '../../pixels/symmetry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

/** One of the eight symmetries of a square (turns, flips, transpositions, nothing), each as likely. */
export const D4 = defineGeometric('D4', { p: probability(1) }, (_size, _options, random) => [
  { kind: 'symmetry', symmetry: random.choice(Object.values(symmetries)) },
]);

export const d4 = builderOf(D4);
