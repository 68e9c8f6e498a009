import { Relu } from '../nn/activations.ts';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { Dropout } from '../nn/dropout.ts';
import { xavierUniform, zeros } from '../nn/initializers.ts';
import { Sequential } from '../nn/sequential.ts';

/** A head and the convolution in it that writes the logits. */
export interface Head {
  readonly layers: Sequential;
  readonly output: Conv2d;
}

/** segmentation-models-pytorch's `SegmentationHead` without upsampling and activation. */
export function segmentationHead(inChannels: number, classes: number): Head {
  const output = new Conv2d({
    inChannels,
    outChannels: classes,
    kernelSize: 3,
    padding: 1,
    kernelInitializer: xavierUniform,
    biasInitializer: zeros,
  });
  return { layers: new Sequential([output]), output };
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
