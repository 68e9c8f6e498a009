import { Conv2d } from '../../nn/conv2d.ts';
import type { Module } from '../../nn/module.ts';
import { toFloat32 } from '../../nn/safetensors/floats.ts';
import type { HostTensor, StateDict } from '../../nn/safetensors/format.ts';
import { isBatchCount, requireFit } from '../../nn/stateDict.ts';
import { Encoder } from '../encoders/encoder.ts';
import { SegmentationModel } from '../segmentationModel.ts';
import { matchNames } from './matchNames.ts';

export interface FitOptions {
  /** Named in the error. */
  readonly source: string;
  /** Leave out a head that has another number of classes instead of refusing it. */
  readonly adaptClasses?: boolean;
}

export interface FittedWeights {
  /** Under the module's names; with those in `open` they are all that the module has. */
  readonly tensors: StateDict;
  /** Names of the file that the module has no use for. */
  readonly dropped: readonly string[];
  /** First convolutions that were brought to another number of image channels. */
  readonly adapted: readonly string[];
  /** What the file says nothing about and stays random: heads of other classes, all but the encoder of a model. */
  readonly open: readonly string[];
}

/**
 * Brings a state dict of torchvision, timm or segmentation-models-pytorch to the names and shapes of a model or an
 * encoder. The module needs no values.
 *
 * @throws PhalanxError `model/state-mismatch` listing the first missing, unexpected and wrongly shaped names
 */
export function fitWeights(
  file: StateDict,
  module: Module,
  { source, adaptClasses = false }: FitOptions,
): FittedWeights {
  const states = new Map(module.namedState());
  const modules = [...module.namedModules()];
  const encoders = modules.filter(
    (entry): entry is readonly [string, Encoder] => entry[1] instanceof Encoder,
  );
  const paths = encoders.map(([path]) => path);
  const matched = matchNames(file, [...states.keys()], paths);
  const tensors = new Map(matched.tensors);
  const open = new Set<string>();

  const isInEncoder = (name: string) => paths.some((path) => path === '' || name.startsWith(`${path}.`));
  const absent = [...states.keys()].filter((name) => !tensors.has(name) && !isBatchCount(name));
  const known = [...tensors.keys()].filter((name) => states.has(name));
  // An encoder alone leaves the rest of a model as it is; half of the rest would be a mistake.
  if (known.length > 0 && known.every(isInEncoder) && absent.every((name) => !isInEncoder(name))) {
    for (const name of states.keys()) if (!isInEncoder(name)) open.add(name);
  }
  if (adaptClasses && module instanceof SegmentationModel) {
    for (const [path, layer] of modules) {
      if (!(layer instanceof Conv2d && module.outputs.includes(layer))) continue;
      const names = [...layer.namedState(path)].map(([name]) => name);
      if (!names.some((name) => differsInClasses(tensors.get(name), states.get(name)!.torchShape))) continue;
      for (const name of names) {
        tensors.delete(name);
        open.add(name);
      }
    }
  }
  const adapted: string[] = [];
  for (const [path, encoder] of encoders) {
    const name = firstConvolution(encoder, path);
    const tensor = name === undefined ? undefined : tensors.get(name);
    if (name === undefined || tensor?.shape[1] !== PRETRAINED_CHANNELS) continue;
    const [outChannels, channels] = states.get(name)!.torchShape as [number, number];
    if (channels === PRETRAINED_CHANNELS || tensor.shape[0] !== outChannels) continue;
    tensors.set(name, withChannels(tensor, channels));
    adapted.push(name);
  }
  requireFit(module, tensors, { source, except: open });
  return { tensors, dropped: matched.dropped, adapted, open: [...open] };
}

function differsInClasses(tensor: HostTensor | undefined, shape: readonly number[]): boolean {
  return (
    tensor?.shape.length === shape.length &&
    tensor.shape[0] !== shape[0] &&
    tensor.shape.slice(1).every((side, axis) => side === shape[axis + 1])
  );
}

const PRETRAINED_CHANNELS = 3;

/** The first convolution that reads as many channels as the image has, as the original looks for it. */
function firstConvolution(encoder: Encoder, path: string): string | undefined {
  for (const [name, layer] of encoder.namedModules(path)) {
    if (layer instanceof Conv2d && layer.options.inChannels === encoder.outChannels[0])
      return `${name}.weight`;
  }
  return undefined;
}

/**
 * A kernel `[out, 3, H, W]` for images of other channels, as segmentation-models-pytorch's `patch_first_conv`: the sum
 * over colours for one channel; for more the colours in turn, scaled so that the sum of all stays.
 */
export function withChannels(tensor: HostTensor, channels: number): HostTensor {
  const [outChannels, colours, ...sides] = tensor.shape as [number, number, ...number[]];
  const area = sides.reduce((product, side) => product * side, 1);
  const values = toFloat32(tensor);
  const data = new Float32Array(outChannels * channels * area);
  const scale = Math.fround(colours / channels);
  for (let out = 0; out < outChannels; out++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let place = 0; place < area; place++) {
        const valueOf = (colour: number) => values[(out * colours + colour) * area + place]!;
        data[(out * channels + channel) * area + place] =
          channels === 1
            ? Math.fround(Math.fround(valueOf(0) + valueOf(1)) + valueOf(2))
            : valueOf(channel % colours) * scale;
      }
    }
  }
  return { dtype: 'F32', shape: [outChannels, channels, ...sides], data };
}
