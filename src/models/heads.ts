import { Identity, Relu } from '../nn/activations.ts';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { Dropout } from '../nn/dropout.ts';
import { xavierUniform, zeros } from '../nn/initializers.ts';
import { Linear } from '../nn/linear.ts';
import { GlobalAveragePool2d, GlobalMaxPool2d } from '../nn/pooling.ts';
import { Sequential } from '../nn/sequential.ts';
import type { AuxParams } from './decoders/options.ts';

/** A head and the convolution in it that writes the logits. */
export interface Head {
  readonly layers: Sequential;
  readonly output: Conv2d;
}

export interface HeadOptions {
  readonly kernelSize: 1 | 3;
  /** Whether it begins with PyTorch's own random weights, where the original does not initialize its head. Default false. */
  readonly torchWeights?: boolean;
  /** How logits are enlarged to the image: whether the centres of corner pixels coincide. Default true. */
  readonly alignCorners?: boolean;
}

/** segmentation-models-pytorch's `SegmentationHead` without upsampling and activation. */
export function segmentationHead(
  inChannels: number,
  classes: number,
  { kernelSize, torchWeights = false }: HeadOptions = { kernelSize: 3 },
): Head {
  const output = new Conv2d({
    inChannels,
    outChannels: classes,
    kernelSize,
    padding: (kernelSize - 1) / 2,
    ...(!torchWeights && { kernelInitializer: xavierUniform, biasInitializer: zeros }),
  });
  return { layers: new Sequential([output]), output };
}

/** segmentation-models-pytorch's `ClassificationHead` without activation, to `[N, 1, 1, classes]`. */
export function classificationHead(
  inChannels: number,
  { classes, pooling, dropout }: AuxParams,
  { torchWeights = false }: HeadOptions,
): Sequential {
  return new Sequential([
    pooling === 'avg' ? new GlobalAveragePool2d() : new GlobalMaxPool2d(),
    // The original's flattening has no part in a tensor of one pixel.
    new Identity(),
    new Dropout(dropout, 'classification_head'),
    new Linear({
      inChannels,
      outChannels: classes,
      ...(!torchWeights && { kernelInitializer: xavierUniform, biasInitializer: zeros }),
    }),
  ]);
}

/** torchvision's `FCNHead`; `stream` names its dropout. */
export function fcnHead(inChannels: number, classes: number, dropout: number, stream: string): Head {
  const inner = Math.floor(inChannels / 4);
  const output = new Conv2d({ inChannels: inner, outChannels: classes, kernelSize: 1 });
  const layers = new Sequential([
    new Conv2d({ inChannels, outChannels: inner, kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm2d(inner),
    new Relu(),
    new Dropout(dropout, stream),
    output,
  ]);
  return { layers, output };
}
