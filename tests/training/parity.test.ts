import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Batch } from '../../src/data/batch.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { buildModel } from '../../src/models/buildModel.ts';
import { loadStateDict } from '../../src/nn/stateDict.ts';
import { buildLoss } from '../../src/objectives/losses/loss.ts';
import type { OptimizerSpec } from '../../src/training/optimizers/build.ts';
import { train } from '../../src/training/train.ts';
import { filled, filledState } from '../models/formula.ts';

interface Curve {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
}

interface Goldens {
  readonly steps: number;
  readonly batches: number;
  readonly size: number;
  readonly classes: number;
  readonly cell: number;
  readonly clipNorm: number;
  readonly cases: readonly {
    readonly optimizer: OptimizerSpec;
    readonly float32: Curve;
    readonly float64: Curve;
  }[];
}

const goldens = JSON.parse(
  await readFile(new URL('../goldens/objectives/training.json', import.meta.url), 'utf8'),
) as Goldens;

beforeAll(async () => {
  await startEngine();
});

function batchOf(index: number): Batch {
  const { size, cell, classes } = goldens;
  const images = Uint8Array.from(filled(`pixels ${index}`, 2 * size * size * 3, 0, 256), Math.floor);
  const cells = size / cell;
  const coarse = filled(`labels ${index}`, 2 * cells * cells * classes, 0, 1);
  const labels = new Int32Array(2 * size * size);
  for (let i = 0; i < labels.length; i++) {
    const [n, y, x] = [Math.floor(i / size / size), Math.floor(i / size) % size, i % size];
    const place = (n * cells + Math.floor(y / cell)) * cells + Math.floor(x / cell);
    for (let c = 0; c < classes; c++) if (coarse[place * classes + c]! < 0.3) labels[i]! |= 1 << c;
  }
  const ids = [`${index} a`, `${index} b`];
  return { ids, images, imageShape: [2, size, size, 3], labels, labelShape: [2, size, size, 1] };
}

test.each(goldens.cases.map((golden) => [golden.optimizer.name, golden] as const))(
  'U-Net/ResNet-18 with %s, one-cycle and clipping follows the loss curve of segmentation-models-pytorch',
  async (_name, { optimizer, float32, float64 }) => {
    const model = buildModel({
      decoder: { name: 'unet' },
      encoder: { name: 'resnet18' },
      inChannels: 3,
      classes: goldens.classes,
    });
    try {
      loadStateDict(model, filledState(model));
      const events = train({
        model,
        loss: buildLoss([{ name: 'bce', weight: 5 }, { name: 'dice' }]),
        optimizer,
        schedule: { name: 'oneCycle' },
        async *batches(_epoch, start) {
          for (let i = start; i < goldens.steps; i++)
            yield await Promise.resolve(batchOf(i % goldens.batches));
        },
        batchesPerEpoch: goldens.steps,
        length: { epochs: 1 },
        precision: 'float32',
        normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
        clipNorm: goldens.clipNorm,
        seed: 0,
      });
      const strayed = { ours: 0, theirs: 0 };
      for await (const event of events) {
        if (event.type !== 'step') continue;
        const index = event.step - 1;
        const [theirs, exact] = [float32.losses[index]!, float64.losses[index]!];
        expect(Math.abs(event.loss - theirs)).toBeLessThan(1e-3 * theirs);
        const norm = float32.norms[index]!;
        if (index < 3) expect(Math.abs(event.gradientNorm! - norm)).toBeLessThan(1e-3 * norm);
        strayed.ours = Math.max(strayed.ours, Math.abs(event.loss - exact));
        strayed.theirs = Math.max(strayed.theirs, Math.abs(theirs - exact));
      }
      // Rounding grows from step to step; ours may not grow faster than PyTorch's own.
      expect(strayed.ours).toBeLessThan(4 * strayed.theirs);
      // And the curve went somewhere.
      expect(float32.losses.at(-3)! / float32.losses[0]!).toBeLessThan(0.94);
    } finally {
      model.dispose();
    }
  },
  180_000,
);
