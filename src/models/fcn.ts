import type * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../nn/context.ts';
import type { Conv2d } from '../nn/conv2d.ts';
import { interpolate } from '../nn/interpolate.ts';
import type { Sequential } from '../nn/sequential.ts';
import type { DecoderConfig } from './decoders/options.ts';
import type { Encoder } from './encoders/encoder.ts';
import { fcnHead } from './heads.ts';
import { SegmentationModel } from './segmentationModel.ts';
import type { SegmentationOutput } from './segmentationModel.ts';

/**
 * torchvision's `fcn_resnet50` and `fcn_resnet101` (Long et al. 2015, https://arxiv.org/abs/1411.4038): `backbone`, `classifier` on its
 * last stage and `aux_classifier` on the one before, both enlarged bilinearly to the input's size.
 *
 * The auxiliary head computes only while training, where torchvision's always does.
 */
export class FCN extends SegmentationModel {
  override readonly inChannels: number;
  override readonly classes: number;
  override readonly sizeMultiple = 1;
  override readonly outputs: readonly Conv2d[];
  readonly backbone: Encoder;
  readonly #classifier: Sequential;
  readonly #auxiliary: Sequential | undefined;

  /** @param backbone All five stages, of output stride 8. */
  constructor(
    backbone: Encoder,
    classes: number,
    { dropout, auxiliary }: Omit<DecoderConfig<'fcn'>, 'name'>,
  ) {
    super();
    const [third, fourth] = backbone.outChannels.slice(-2) as [number, number];
    this.inChannels = backbone.inChannels;
    this.classes = classes;
    this.backbone = this.register('backbone', backbone);
    const head = fcnHead(fourth, classes, dropout, 'classifier');
    this.#classifier = this.register('classifier', head.layers);
    const auxiliaryHead = auxiliary ? fcnHead(third, classes, dropout, 'aux_classifier') : undefined;
    this.#auxiliary = auxiliaryHead && this.register('aux_classifier', auxiliaryHead.layers);
    this.outputs = auxiliaryHead === undefined ? [head.output] : [head.output, auxiliaryHead.output];
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const [third, fourth] = this.backbone.forward(x, context).slice(-2) as [tf.Tensor4D, tf.Tensor4D];
    const enlarge = (logits: tf.Tensor4D) => interpolate(logits, [x.shape[1], x.shape[2]], 'bilinear');
    const logits = enlarge(this.#classifier.forward(fourth, context));
    if (this.#auxiliary === undefined || !context.training) return { logits };
    return { logits, auxiliary: [enlarge(this.#auxiliary.forward(third, context))] };
  }
}
