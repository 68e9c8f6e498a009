import { PhalanxError } from '../core/errors.ts';
import { Encoder } from '../models/encoders/encoder.ts';
import { assembleModel } from '../models/registry.ts';
import type { SegmentationModel } from '../models/segmentationModel.ts';
import type { StateDict } from '../nn/safetensors/format.ts';
import { writeSafetensors } from '../nn/safetensors/write.ts';
import { requireFit } from '../nn/stateDict.ts';
import type { Run } from './runDirectory.ts';
import { readRunWeights } from './runWeights.ts';

export interface ExportOptions {
  readonly run: Run;
  /** Which of the run's checkpoints. Default `best`. */
  readonly checkpoint?: 'best' | 'last';
  /** Leave out all but the encoder, and its place in the model from the names. */
  readonly encoderOnly?: boolean;
  readonly outputPath: string;
}

/**
 * Writes a run's weights as the state dict of its original: segmentation-models-pytorch or torchvision load it with
 * `load_state_dict`. The file's metadata holds the options of the model.
 *
 * @returns How many tensors were written.
 * @throws PhalanxError `run/file`, `safetensors/*`, `model/state-mismatch`, `export/encoder`, `file/write`
 */
export async function exportRun(options: ExportOptions): Promise<{ readonly tensors: number }> {
  const { run, checkpoint = 'best', encoderOnly = false, outputPath } = options;
  const { config, configPath, tensors, path } = await readRunWeights(run, checkpoint);
  const model = assembleModel(config);
  requireFit(model, tensors, { source: path });
  const exported = encoderOnly ? encoderOf(model, tensors, configPath) : tensors;
  const { decoder, encoder, inChannels, classes } = config;
  const described = encoderOnly ? { encoder, inChannels } : { decoder, encoder, inChannels, classes };
  await writeSafetensors(outputPath, exported, {
    format: 'pt',
    run: run.state.id,
    model: JSON.stringify(described),
  });
  return { tensors: exported.size };
}

function encoderOf(model: SegmentationModel, tensors: StateDict, where: string): StateDict {
  const paths = [...model.namedModules()].filter(([, module]) => module instanceof Encoder);
  const [path] = paths[0] ?? [];
  if (path === undefined || paths.length > 1) {
    throw new PhalanxError('export/encoder', {
      what: 'The model has no encoder of its own to export',
      where,
      expected: 'one encoder',
      received: `${paths.length}`,
      fix: 'Leave out --encoder-only',
    });
  }
  const prefix = `${path}.`;
  return new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
}
