/** Writes a state dict of the formula's weights for a model told as JSON; see `exports.py`. */
import { applyOverrides } from '../../src/experiment/overrides.ts';
import { parseModel } from '../../src/models/modelSchema.ts';
import { assembleModel } from '../../src/models/registry.ts';
import { writeSafetensors } from '../../src/nn/safetensors/write.ts';
import { filledState } from '../../tests/models/formula.ts';

const [told, path] = process.argv.slice(2) as [string, string];
const { decoder, encoder, inChannels, classes, set } = JSON.parse(told) as {
  readonly decoder: string;
  readonly encoder: string | null;
  readonly inChannels: number;
  readonly classes: number;
  readonly set: readonly string[];
};
const declared = {
  decoder: { name: decoder },
  ...(encoder === null ? {} : { encoder: { name: encoder } }),
  inChannels,
  classes,
};
await writeSafetensors(path, filledState(assembleModel(parseModel(applyOverrides(declared, set)))));
