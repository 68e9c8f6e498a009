import { startEngine } from '../../engine/engine.ts';
import { readSafetensors } from '../../nn/safetensors/read.ts';
import type { StateDict } from '../../nn/safetensors/format.ts';
import { loadStateDict } from '../../nn/stateDict.ts';
import { buildModel } from '../buildModel.ts';
import { parseModel } from '../modelSchema.ts';
import type { ModelOptions } from '../modelSchema.ts';
import { exportGraph } from './exportGraph.ts';
import type { ExportedGraph, ExportGraphOptions } from './exportGraph.ts';

export interface ExportWeightsOptions extends Omit<ExportGraphOptions, 'metadata'> {
  /** Options of the model as they come from outside: `decoder`, `encoder`, `inChannels`, `classes`. */
  readonly model: unknown;
  /** A state dict under PyTorch's names, for example of segmentation-models-pytorch. */
  readonly weightsPath: string;
}

/**
 * Writes a model of weights from a file as ONNX or SavedModel; see `exportGraph`. Starts the engine.
 *
 * @throws PhalanxError `model/options`, `model/state-mismatch`, `safetensors/*`, and those of `exportGraph`
 */
export async function exportWeights({
  model,
  weightsPath,
  ...options
}: ExportWeightsOptions): Promise<ExportedGraph> {
  const config = parseModel(model);
  const { tensors } = await readSafetensors(weightsPath);
  return exportTensors(config, { tensors, source: weightsPath }, { ...options, metadata: {} });
}

/** As `exportWeights`, of weights that were read. */
export async function exportTensors(
  config: ModelOptions,
  { tensors, source }: { readonly tensors: StateDict; readonly source: string },
  options: ExportGraphOptions,
): Promise<ExportedGraph> {
  await startEngine();
  const model = buildModel(config);
  try {
    loadStateDict(model, tensors, source);
    const metadata = { ...options.metadata, model: JSON.stringify(config) };
    return await exportGraph(model, { ...options, metadata });
  } finally {
    model.dispose();
  }
}
