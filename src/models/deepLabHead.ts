import { Relu } from '../nn/activations.ts';
import { BatchNorm2d } from '../nn/batchNorm2d.ts';
import { Conv2d } from '../nn/conv2d.ts';
import { Sequential } from '../nn/sequential.ts';
import { ASPP } from './decoders/aspp.ts';
import type { Head } from './heads.ts';

const CHANNELS = 256;

/** torchvision's `DeepLabHead` (Chen et al. 2017, https://arxiv.org/abs/1706.05587). */
export function deepLabHead(inChannels: number, classes: number, dropout: number): Head {
  const output = new Conv2d({ inChannels: CHANNELS, outChannels: classes, kernelSize: 1 });
  const aspp = { atrousRates: [12, 24, 36], separable: false, dropout, stream: 'classifier' };
  const geometry = { kernelSize: 3, padding: 1, bias: false };
  const layers = new Sequential([
    new ASPP(inChannels, CHANNELS, aspp),
    new Conv2d({ inChannels: CHANNELS, outChannels: CHANNELS, ...geometry }),
    new BatchNorm2d(CHANNELS),
    new Relu(),
    output,
  ]);
  return { layers, output };
}
