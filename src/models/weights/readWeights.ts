import type { StateDict } from '../../nn/safetensors/format.ts';
import { readSafetensors } from '../../nn/safetensors/read.ts';
import { readTorchFile } from '../../nn/torchFile/read.ts';

/**
 * Reads a state dict from a `.safetensors` file or, under any other name, from what `torch.save` wrote.
 *
 * @throws PhalanxError `safetensors/*`, `torch-file/*`
 */
export async function readWeights(path: string): Promise<StateDict> {
  if (path.endsWith('.safetensors')) return (await readSafetensors(path)).tensors;
  return readTorchFile(path);
}
