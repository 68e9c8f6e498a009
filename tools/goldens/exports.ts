/**
 * Writes weights, logits and exports of the models told on standard input, one in a line of JSON, each answered by a
 * line; see `exports.py`.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { applyOverrides } from '../../src/experiment/overrides.ts';
import { exportWeights } from '../../src/models/export/exportWeights.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import { runModel } from '../../src/models/runModel.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { filledState } from '../../tests/models/formula.ts';

interface Told {
  /** Holds x.safetensors; gets the rest. */
  readonly folder: string;
  readonly model: unknown;
  readonly set: readonly string[];
  readonly size: readonly [height: number, width: number];
}

for await (const line of createInterface(process.stdin)) {
  const { folder, model: declared, set, size } = JSON.parse(line) as Told;
  const model = applyOverrides(declared, set);
  const weightsPath = join(folder, 'weights.safetensors');
  await writeSafetensors(weightsPath, filledState(assembleModel(parseModel(model))));
  const outputPath = join(folder, 'logits.safetensors');
  await runModel({ model, weightsPath, inputPath: join(folder, 'x.safetensors'), outputPath });
  const onnxPath = join(folder, 'model.onnx');
  await exportWeights({ model, weightsPath, format: 'onnx', size, outputPath: onnxPath });
  await exportWeights({ model, weightsPath, format: 'savedmodel', size, outputPath: join(folder, 'model') });
  console.log('done');
}
