/** Soft ensembles: stored logits of several models to run-length codes. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { handBoneClasses } from '../../src/data/handBone/classes.ts';
import type { EnsembleMember } from '../../src/inference/ensemble/combine.ts';
import { EnsemblePrediction } from '../../src/inference/ensemble/ensemblePrediction.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { fullSize, readLogits } from './material.ts';
import type { Material } from './material.ts';
import { calling } from './work.ts';
import type { DataWork } from './work.ts';

const image = 'hand.png';

/** Three models that differ a little, each in a store of its own. */
async function membersIn(material: Material): Promise<EnsembleMember[]> {
  const { width, height, data } = await readLogits(material);
  const folder = await mkdtemp(join(material.folder, 'stores-'));
  const members: EnsembleMember[] = [];
  for (const [index, shift] of [-0.1, 0, 0.1].entries()) {
    const store = new LogitStore(join(folder, String(index)));
    await store.write(
      data.map((logit) => logit + shift),
      {
        image,
        height,
        width,
        originalHeight: fullSize,
        originalWidth: fullSize,
        classes: handBoneClasses,
        provenance: {},
      },
    );
    members.push({ name: String(index), store });
  }
  return members;
}

export const ensembleWorks: readonly DataWork[] = [
  {
    name: `soft ensemble of three models, 512² to ${fullSize}², RLE, 29 classes`,
    goal: 0.03,
    ours: async (conditions) => {
      const members = await membersIn(conditions.material);
      const thresholds = handBoneClasses.map(() => 0.5);
      const prediction = new EnsemblePrediction(members, handBoneClasses, thresholds);
      return calling(conditions, () => prediction.rows(image));
    },
    peer: {
      module: 'masks',
      modes: ['PyTorch, each model upsampled', 'NumPy and OpenCV, joined while small'],
      options: { work: 'ensemble' },
    },
  },
];
