import { symmetries } from '../../pixels/symmetry.ts';
import { builderOf, defineGeometric, probability } from '../definition.ts';

const { e, r90, r180, r270 } = symmetries;

/** Turns by none to three quarters, each as likely. */
export const RandomRotate90 = defineGeometric(
  'RandomRotate90',
  { p: probability(1) },
  (_size, _options, random) => [{ kind: 'symmetry', symmetry: random.choice([e, r90, r180, r270]) }],
);

export const randomRotate90 = builderOf(RandomRotate90);
