import { PhalanxError } from '../../core/errors.ts';
import type { HostTensor, StateDict } from '../safetensors/format.ts';
import { openArchive } from './archive.ts';
import type { OpenedTorchFile } from './archive.ts';
import { MEBIBYTE, malformed } from './defect.ts';
import { openLegacy } from './legacy.ts';
import { PickleDict } from './pickle.ts';
import type { PickleValue } from './pickle.ts';
import { Source } from './source.ts';
import { TensorView, materialize } from './tensors.ts';

/** Where training scripts keep the weights inside a checkpoint, the most telling name first. */
const nests = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'model_ema', 'ema'];

/** Tensors may share a storage; beyond this many times the file's size they are not weights. */
const MAX_EXPANSION = 4;

/**
 * Reads the state dict of a `.pth` or `.pt` file that `torch.save` wrote, in the zip format or in that of PyTorch
 * before 1.6, directly or under one of the usual keys of a checkpoint (`state_dict`, `model`, …). The pickle inside
 * is interpreted, never run: whatever is not a tensor, a dictionary, a list or a plain value is refused.
 *
 * @throws PhalanxError `torch-file/open`, `torch-file/malformed`, `torch-file/refused`, `torch-file/no-weights`
 */
export async function readTorchFile(path: string): Promise<StateDict> {
  const source = await Source.open(path);
  try {
    const { value, readStorage } = await openTorchFile(source);
    const views = findWeights(value, source.path);
    const bytes = [...views.values()].reduce((sum, { storage }) => sum + storage.bytes, 0);
    if (bytes > MAX_EXPANSION * source.size + MEBIBYTE) {
      throw malformed(source.path, 'about as many tensors as bytes', `tensors that look at ${bytes} bytes`);
    }
    const tensors = new Map<string, HostTensor>();
    for (const [name, view] of views) tensors.set(name, materialize(view, await readStorage(view.storage)));
    return tensors;
  } finally {
    await source.close();
  }
}

async function openTorchFile(source: Source): Promise<OpenedTorchFile> {
  const start = await source.read(0, Math.min(4, source.size));
  const magic = String.fromCharCode(...start);
  if (magic === 'PK\x03\x04') return openArchive(source);
  if (magic.startsWith('\x80\x02')) return openLegacy(source);
  throw malformed(source.path, 'what torch.save writes', 'a file that begins otherwise');
}

function findWeights(value: PickleValue, file: string): ReadonlyMap<string, TensorView> {
  const top = tensorsOf(value);
  if (top.size > 0) return top;
  const entries = value instanceof PickleDict ? value.entries : new Map<PickleValue, PickleValue>();
  for (const name of nests) {
    const nested = tensorsOf(entries.get(name));
    if (nested.size > 0) return nested;
  }
  const keys = [...entries.keys()].filter((key) => typeof key === 'string');
  throw new PhalanxError('torch-file/no-weights', {
    what: 'The PyTorch file holds no dictionary of tensors',
    where: file,
    expected: `tensors by name, or a checkpoint with them under ${nests.join(', ')}`,
    received: keys.length === 0 ? 'something else' : `keys ${keys.slice(0, 5).join(', ').slice(0, 200)}`,
    fix: "Save the state dict alone in Python, with torch.save(model.state_dict(), 'weights.pth')",
  });
}

function tensorsOf(value: PickleValue | undefined): ReadonlyMap<string, TensorView> {
  const tensors = new Map<string, TensorView>();
  if (!(value instanceof PickleDict)) return tensors;
  for (const [name, item] of value.entries) {
    if (typeof name === 'string' && item instanceof TensorView) tensors.set(name, item);
  }
  return tensors;
}
