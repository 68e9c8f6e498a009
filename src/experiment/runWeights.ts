import { join } from 'node:path';
import type { ModelConfig } from '../models/modelSchema.ts';
import { assembleModel } from '../models/registry.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import type { StateDict } from '../nn/safetensors/format.ts';
import { readSafetensors } from '../nn/safetensors/read.ts';
import { checkpointPath } from '../training/checkpoint.ts';
import { modelConfig } from './resolve.ts';
import { readRunFile } from './runDirectory.ts';
import type { Run } from './runDirectory.ts';
import { experimentSchema } from './schema.ts';
import type { Experiment } from './schema.ts';
import { parseDeclared } from './validate.ts';

/** A checkpoint of a run and the model that it is of. */
export interface RunWeights {
  readonly experiment: Experiment;
  readonly config: ModelConfig;
  readonly configPath: string;
  readonly tensors: StateDict;
  readonly path: string;
}

/** @throws PhalanxError `run/file`, `safetensors/*` */
export async function readRunWeights(run: Run, checkpoint: 'best' | 'last'): Promise<RunWeights> {
  const configPath = join(run.directory, 'config.json');
  const experiment = parseDeclared(experimentSchema, await readRunFile(run, 'config.json'), configPath);
  const path = checkpointPath(join(run.directory, 'checkpoints'), checkpoint);
  const { tensors } = await readSafetensors(path);
  const classes = classesOf(assembleModel(modelConfig(experiment, 1, configPath)), tensors) ?? 1;
  return { experiment, config: modelConfig(experiment, classes, configPath), configPath, tensors, path };
}

/** What the last layer of a checkpoint says; its model differs from `model` in nothing else. */
function classesOf(model: SegmentationModel, tensors: StateDict): number | undefined {
  const [output] = model.outputs;
  const path = [...model.namedModules()].find(([, module]) => module === output)?.[0];
  return tensors.get(`${path ?? ''}.weight`)?.shape[0];
}
