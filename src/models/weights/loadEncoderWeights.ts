import type { Module } from '../../nn/module.ts';
import { loadStateDict } from '../../nn/stateDict.ts';
import { Encoder } from '../encoders/encoder.ts';
import type { EncoderConfig } from '../encoders/options.ts';
import { fitWeights } from './fitWeights.ts';
import { resolveWeights } from './folder.ts';
import { readWeights } from './readWeights.ts';

/**
 * Loads what the option `weights` names into every encoder of a model, with the first convolution brought to the
 * image's channels; does nothing where they are random.
 *
 * @throws PhalanxError `weights/missing`, `model/state-mismatch`, `safetensors/*`, `torch-file/*`; nothing is loaded then
 */
export async function loadEncoderWeights(model: Module, { name, weights }: EncoderConfig): Promise<void> {
  const path = resolveWeights(name, weights);
  if (path === undefined) return;
  const file = await readWeights(path);
  const fitted = [...model.namedModules()]
    .map(([, module]) => module)
    .filter((module) => module instanceof Encoder)
    .map((encoder) => ({ encoder, ...fitWeights(file, encoder, { source: path }) }));
  for (const { encoder, tensors } of fitted) loadStateDict(encoder, tensors, path);
}
