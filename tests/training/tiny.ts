import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../../src/data/batch.ts';
import { Random } from '../../src/core/random.ts';
import { createLabelMap } from '../../src/labels/labelMap.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { SegmentationModel } from '../../src/models/segmentationModel.ts';
import type { SegmentationOutput } from '../../src/models/segmentationModel.ts';
import { BatchNorm2d } from '../../src/nn/batchNorm2d.ts';
import { Conv2d } from '../../src/nn/conv2d.ts';
import type { Context } from '../../src/nn/context.ts';
import { initialize } from '../../src/nn/initialize.ts';

export const classes = ['red', 'green'];
export const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

/** Two convolutions with batch normalization between them. */
export class TinyModel extends SegmentationModel {
  override readonly inChannels = 3;
  override readonly classes = classes.length;
  override readonly sizeMultiple = 1;
  override readonly outputs: readonly Conv2d[];
  readonly #first: Conv2d;
  readonly #norm: BatchNorm2d | undefined;
  readonly #second: Conv2d;

  constructor({ norm = true, seed = 1 }: { norm?: boolean; seed?: number } = {}) {
    super();
    this.#first = this.register(
      'first',
      new Conv2d({ inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1 }),
    );
    this.#norm = norm ? this.register('norm', new BatchNorm2d(8)) : undefined;
    this.#second = this.register('second', new Conv2d({ inChannels: 8, outChannels: 2, kernelSize: 1 }));
    this.outputs = [this.#second];
    initialize(this, seed);
  }

  protected override compute(x: tf.Tensor4D, context: Context): SegmentationOutput {
    const convolved = this.#first.forward(x, context);
    const normalized = this.#norm === undefined ? convolved : this.#norm.forward(convolved, context);
    return { logits: this.#second.forward(tf.relu(normalized), context) };
  }
}

/** A noisy picture with one rectangle per class, brighter in that class's channel; rectangles may overlap. */
export function drawSample(id: string, size: number): { image: Uint8Array; labels: LabelMap } {
  const random = Random.from('tiny', id);
  const image = Uint8Array.from({ length: size * size * 3 }, () => random.integer(0, 90));
  const labels = createLabelMap(size, size, classes.length);
  for (let c = 0; c < classes.length; c++) {
    const [left, top] = [random.integer(0, size / 2), random.integer(0, size / 2)];
    for (let y = top; y < top + size / 2; y++) {
      for (let x = left; x < left + size / 2; x++) {
        labels.planes[0]![y * size + x]! |= 1 << c;
        image[(y * size + x) * 3 + c]! += 110;
      }
    }
  }
  return { image, labels };
}

export function makeBatch(ids: readonly string[], size = 16): Batch {
  const images = new Uint8Array(ids.length * size * size * 3);
  const labels = new Int32Array(ids.length * size * size);
  ids.forEach((id, index) => {
    const sample = drawSample(id, size);
    images.set(sample.image, index * size * size * 3);
    labels.set(sample.labels.planes[0]!, index * size * size);
  });
  return {
    ids,
    images,
    imageShape: [ids.length, size, size, 3],
    labels,
    labelShape: [ids.length, size, size, 1],
  };
}

/** Batches of two images, other ones in each epoch; resumable anywhere. */
export function makeBatches(perEpoch: number) {
  return async function* (epoch: number, startBatch: number): AsyncGenerator<Batch> {
    for (let i = startBatch; i < perEpoch; i++) {
      await Promise.resolve();
      yield makeBatch([`${epoch}-${i}-a`, `${epoch}-${i}-b`]);
    }
  };
}
