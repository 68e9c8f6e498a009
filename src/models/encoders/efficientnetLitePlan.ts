import { roundChannels, stages } from './efficientnetPlan.ts';

export interface EfficientNetLiteVariant {
  /** Multiplier of all channels but those of the stem. */
  readonly width: number;
  /** Multiplier of the blocks in each stage but the first and the last. */
  readonly depth: number;
}

/** Coefficients of the authors. */
export const efficientnetLiteVariants = {
  tf_efficientnet_lite0: { width: 1, depth: 1 },
  tf_efficientnet_lite1: { width: 1, depth: 1.1 },
  tf_efficientnet_lite2: { width: 1.1, depth: 1.2 },
  tf_efficientnet_lite3: { width: 1.2, depth: 1.4 },
  tf_efficientnet_lite4: { width: 1.4, depth: 1.8 },
} as const satisfies Record<string, EfficientNetLiteVariant>;

/** One mobile inverted bottleneck without excitation; of expansion 1 in the first stage. */
export interface LiteBlockPlan {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly expansion: number;
  readonly kernelSize: number;
  readonly stride: number;
}

export const LITE_STEM_CHANNELS = 32;
export const LITE_HEAD_CHANNELS = 1280;

/** Every block by stage, from the coefficients. */
export function efficientnetLitePlan({
  width,
  depth,
}: EfficientNetLiteVariant): readonly (readonly LiteBlockPlan[])[] {
  let inChannels = LITE_STEM_CHANNELS;
  return stages.map(([count, kernelSize, firstStride, expansion, channels], stage) => {
    const outChannels = roundChannels(channels * width);
    const isScaled = stage > 0 && stage < stages.length - 1;
    const blocks: LiteBlockPlan[] = [];
    for (let index = 0; index < (isScaled ? Math.ceil(count * depth) : count); index++) {
      const stride = index === 0 ? firstStride : 1;
      blocks.push({ inChannels, outChannels, expansion, kernelSize, stride });
      inChannels = outChannels;
    }
    return blocks;
  });
}
