/** Ensembles: stored logits of three models to run-length codes. */
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import type { Combination } from '../../src/inference/ensemble/combination.ts';
import { EnsemblePrediction } from '../../src/inference/ensemble/ensemblePrediction.ts';
import { fullSize } from '../data/material.ts';
import { calling } from '../data/work.ts';
import type { DataWork } from '../data/work.ts';
import { image, memberIn, models } from './material.ts';

interface EnsembleWork {
  readonly combine: Combination;
  /** What the row is called, after "ensemble of three models". */
  readonly name: string;
  readonly modes: readonly string[];
  readonly goal?: number;
}

const upsampledEach = ['float32 .npy', 'uint16 .npy'];

const works: readonly EnsembleWork[] = [
  {
    combine: 'logits',
    name: 'mean of logits, as published',
    modes: [
      'upsampled each, float32 .npy, the baseline’s encode',
      ...upsampledEach.map((type) => `upsampled each, ${type}`),
    ],
    goal: 0.03,
  },
  {
    combine: 'logits',
    name: 'mean of logits, taken before upsampling',
    modes: ['joined small, PyTorch, float32 .npy', 'joined small, OpenCV, float32 .npy'],
  },
  ...(['probabilities', 'geometric', 'rank', 'vote'] as const).map((combine) => ({
    combine,
    name: combine,
    modes: ['upsampled each, float32 .npy'],
  })),
];

export const ensembleWorks: readonly DataWork[] = works.map(({ combine, name, modes, goal }) => ({
  name: `ensemble of three models, 512² to ${fullSize}², RLE, 29 classes: ${name}`,
  ...(goal === undefined ? {} : { goal }),
  goalBytes: 0.5e9,
  ours: (conditions) => {
    const { folder } = conditions.material;
    const members = Array.from({ length: models }, (_, model) => memberIn(folder, model));
    const thresholds = handBoneClasses.map(() => 0.5);
    const prediction = new EnsemblePrediction(members, handBoneClasses, thresholds, combine);
    return Promise.resolve(calling(conditions, () => prediction.rows(image)));
  },
  peer: { module: 'ensembling', modes, options: { combine } },
}));
