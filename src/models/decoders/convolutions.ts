import { Identity, Relu } from '../../nn/activations.ts';
import { BatchNorm2d } from '../../nn/batchNorm2d.ts';
import { Conv2d } from '../../nn/conv2d.ts';
import { kaimingUniformFanIn, zeros } from '../../nn/initializers.ts';
import type { Layer } from '../../nn/module.ts';
import { Sequential } from '../../nn/sequential.ts';

/** What follows a convolution of a decoder. */
export type UseNorm = 'batchnorm' | 'identity';

/** A convolution that keeps the size, with the random weights of segmentation-models-pytorch's decoders. */
export function decoderConvolution(
  inChannels: number,
  outChannels: number,
  { kernelSize, bias }: { kernelSize: 1 | 3 | 5 | 7; bias: boolean },
): Conv2d {
  return new Conv2d({
    inChannels,
    outChannels,
    kernelSize,
    padding: (kernelSize - 1) / 2,
    bias,
    kernelInitializer: kaimingUniformFanIn,
    biasInitializer: zeros,
  });
}

/** segmentation-models-pytorch's `Conv2dReLU`: convolution, norm, ReLU. */
export function convReLU(
  inChannels: number,
  outChannels: number,
  { kernelSize, useNorm }: { kernelSize: 1 | 3; useNorm: UseNorm },
): Sequential {
  return new Sequential([
    decoderConvolution(inChannels, outChannels, { kernelSize, bias: useNorm === 'identity' }),
    normLayer(outChannels, useNorm),
    new Relu(),
  ]);
}

/** segmentation-models-pytorch's `get_norm_layer`. */
export function normLayer(channels: number, useNorm: UseNorm): Layer {
  return useNorm === 'batchnorm' ? new BatchNorm2d(channels) : new Identity();
}
