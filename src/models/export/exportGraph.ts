import { join } from 'node:path';
import { startedEngine } from '../../engine/running.ts';
import type { SegmentationModel } from '../segmentationModel.ts';
import { toOnnx } from './onnx/convert.ts';
import { onnxModel } from './onnx/file.ts';
import { recordModel } from './recordModel.ts';
import { savedModel } from './savedModel/file.ts';
import { writeProtobuf } from './writeProtobuf.ts';

export const graphFormats = ['onnx', 'savedmodel'] as const;
export type GraphFormat = (typeof graphFormats)[number];

export interface ExportGraphOptions {
  readonly format: GraphFormat;
  /** Height and width of the images that the exported model takes. */
  readonly size: readonly [height: number, width: number];
  /** The file of an ONNX model, the folder of a SavedModel. */
  readonly outputPath: string;
  /** What else the file shall tell; a SavedModel has no place for it. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ExportedGraph {
  /** The file that was written. */
  readonly path: string;
  readonly input: readonly (number | 'N')[];
}

/**
 * Writes a model, weights and all, in a form that other programs run: `x` [N, inChannels, H, W], normalized float32, to
 * `logits` [N, classes, H, W], less the margin of a network without padding.
 *
 * ONNX: one file of operator set 18, https://onnx.ai. SavedModel: a folder for TensorFlow and TensorFlow Serving, with a
 * frozen graph and the signature `serving_default`.
 *
 * @throws PhalanxError `model/input-shape`, `export/op`, `export/size`, `file/write`
 */
export async function exportGraph(
  model: SegmentationModel,
  { format, size, outputPath, metadata }: ExportGraphOptions,
): Promise<ExportedGraph> {
  const { graph, anyBatch } = recordModel(model, size);
  const path = format === 'onnx' ? outputPath : join(outputPath, 'saved_model.pb');
  const fields =
    format === 'onnx' ? onnxModel(toOnnx(graph, metadata)) : savedModel(graph, startedEngine().info.version);
  await writeProtobuf(path, fields);
  return { path, input: [anyBatch ? 'N' : 1, model.inChannels, ...size] };
}
