import type { Module } from '../../nn/module.ts';
import { loadStateDict } from '../../nn/stateDict.ts';
import { Encoder } from '../encoders/encoder.ts';
import type { EncoderConfig } from '../encoders/options.ts';
import { fitWeights } from './fitWeights.ts';
import { resolveWeights } from './folder.ts';
import { readWeights } from './readWeights.ts';

/**
 * Loads what the option `weights` names into every encoder of a model, with the first convolution brought to the
 * image's channels; does nothing where they are random or the model is a whole network without encoder.
 *
 * @throws PhalanxError `weights/missing`, `model/state-mismatch`, `safetensors/*`, `torch-file/*`; nothing is loaded then
 */
export async function loadEncoderWeights(model: Module, encoder: EncoderConfig | undefined): Promise<void> {
  const path = resolveWeights(encoder);
  if (path === undefined) return;
  const file = await readWeights(path);
  const fitted = [...model.namedModules()]
    .map(([, module]) => module)
    .filter((module) => module instanceof Encoder)
    .map((part) => ({ part, ...fitWeights(file, part, { source: path }) }));
  for (const { part, tensors } of fitted) loadStateDict(part, tensors, path);
}
