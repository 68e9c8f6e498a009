import type { Sides } from '../../engine/ops/pair.ts';

export interface EfficientNetVariant {
  /** Multiplier of all channels. */
  readonly width: number;
  /** Multiplier of the blocks in each stage. */
  readonly depth: number;
  /** Side of the images that it was designed for, in pixels, which fixes how strided convolutions pad. */
  readonly imageSize: number;
  /** Indices of the blocks whose output is the feature of 4, 8, 16 and 32 pixels per pixel. */
  readonly features: readonly [number, number, number, number];
}

/** Coefficients of the authors, features of segmentation-models-pytorch. */
export const efficientnetVariants = {
  'efficientnet-b0': { width: 1, depth: 1, imageSize: 224, features: [2, 4, 8, 15] },
  'efficientnet-b1': { width: 1, depth: 1.1, imageSize: 240, features: [4, 7, 15, 22] },
  'efficientnet-b2': { width: 1.1, depth: 1.2, imageSize: 260, features: [4, 7, 15, 22] },
  'efficientnet-b3': { width: 1.2, depth: 1.4, imageSize: 300, features: [4, 7, 17, 25] },
  'efficientnet-b4': { width: 1.4, depth: 1.8, imageSize: 380, features: [5, 9, 21, 31] },
  'efficientnet-b5': { width: 1.6, depth: 2.2, imageSize: 456, features: [7, 12, 26, 38] },
  'efficientnet-b6': { width: 1.8, depth: 2.6, imageSize: 528, features: [8, 14, 30, 44] },
  'efficientnet-b7': { width: 2, depth: 3.1, imageSize: 600, features: [10, 17, 37, 54] },
} as const satisfies Record<string, EfficientNetVariant>;

/** One mobile inverted bottleneck. */
export interface BlockPlan {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly expansion: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Sides;
  /** Whether its input is added to its output. */
  readonly residual: boolean;
}

export interface EfficientNetPlan {
  readonly stem: { readonly channels: number; readonly padding: Sides };
  readonly blocks: readonly BlockPlan[];
  readonly headChannels: number;
  /** Pixels that each side of an image needs so that it can be halved `depth` times. */
  readonly smallestSide: (depth: number) => number;
}

/** Of EfficientNet-b0 and lite0: blocks, kernel size, stride of the first, expansion, output channels. */
export const stages = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

/** Every layer's size, from the coefficients, as the authors' code derives it. */
export function efficientnetPlan({ width, depth, imageSize }: EfficientNetVariant): EfficientNetPlan {
  /** Whether the designed-for feature map has an odd side, before each halving. */
  const odd = [imageSize % 2 === 1];
  let size = Math.ceil(imageSize / 2);
  let inChannels = roundChannels(32 * width);
  const stem = { channels: inChannels, padding: samePadding(imageSize, 3, 2) };
  const blocks: BlockPlan[] = [];
  for (const [count, kernelSize, firstStride, expansion, channels] of stages) {
    const outChannels = roundChannels(channels * width);
    for (let index = 0; index < Math.ceil(count * depth); index++) {
      const stride = index === 0 ? firstStride : 1;
      const padding = samePadding(size, kernelSize, stride);
      if (stride === 2) odd.push(size % 2 === 1);
      size = Math.ceil(size / stride);
      // In the original a stage's first block never has a shortcut, whatever its channels.
      const residual = index > 0;
      blocks.push({ inChannels, outChannels, expansion, kernelSize, stride, padding, residual });
      inChannels = outChannels;
    }
  }
  // Padded for an odd side a halving rounds up, for an even one down.
  const smallestSide = (halvings: number) =>
    odd.slice(0, halvings).reduceRight((side, wasOdd) => 2 * side - (wasOdd ? 1 : 0), 1);
  return { stem, blocks, headChannels: roundChannels(1280 * width), smallestSide };
}

/** To a multiple of 8, and not down by more than a tenth. */
export function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

/** TensorFlow's SAME for an image of this side; the original keeps it for images of every size. */
function samePadding(size: number, kernelSize: number, stride: number): Sides {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernelSize - size, 0);
  const side = [Math.floor(total / 2), Math.ceil(total / 2)] as const;
  return [side, side];
}
