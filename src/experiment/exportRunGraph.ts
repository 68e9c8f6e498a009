import { exportTensors } from '../models/export/exportWeights.ts';
import type { ExportedGraph, GraphFormat } from '../models/export/exportGraph.ts';
import { normalizationOf } from './experimentData.ts';
import type { Run } from './runDirectory.ts';
import { readRunWeights } from './runWeights.ts';

export interface ExportRunGraphOptions {
  readonly run: Run;
  /** Which of the run's checkpoints. Default `best`. */
  readonly checkpoint?: 'best' | 'last';
  readonly format: GraphFormat;
  /** Height and width of the images that the exported model takes. Default: those that it was trained on. */
  readonly size?: readonly [height: number, width: number] | undefined;
  readonly outputPath: string;
}

/**
 * Writes the model of a run as ONNX or SavedModel; see `exportGraph`. An ONNX file's metadata hold the options of the
 * model, the run and the normalization that its images need. Starts the engine.
 *
 * @throws PhalanxError `run/file`, `safetensors/*`, `model/state-mismatch`, and those of `exportGraph`
 */
export async function exportRunGraph(options: ExportRunGraphOptions): Promise<ExportedGraph> {
  const { run, checkpoint = 'best', format, outputPath } = options;
  const { experiment, config, tensors, path } = await readRunWeights(run, checkpoint);
  const { imageSize } = experiment.data;
  const trained =
    typeof imageSize === 'number'
      ? ([imageSize, imageSize] as const)
      : ([imageSize.height, imageSize.width] as const);
  const metadata = { run: run.state.id, normalization: JSON.stringify(normalizationOf(experiment.data)) };
  return exportTensors(
    config,
    { tensors, source: path },
    { format, size: options.size ?? trained, outputPath, metadata },
  );
}
