import type { Dtype, HostTensor } from '../safetensors/format.ts';
import { MAX_RANK, bytesPerElement, elementCount, hostTensor } from '../safetensors/format.ts';
import { malformed, refused } from './defect.ts';
import { PickleDict, PickleObject } from './pickle.ts';
import type { PickleValue, Resolver } from './pickle.ts';

const storageTypes: Readonly<Record<string, Dtype>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ByteStorage': 'U8',
};

const callables = [
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
] as const;

class Callable extends PickleObject {
  override readonly kind = 'callable';
  readonly name: (typeof callables)[number];

  constructor(name: (typeof callables)[number]) {
    super();
    this.name = name;
  }
}

class StorageType extends PickleObject {
  override readonly kind = 'storage type';
  readonly dtype: Dtype;

  constructor(dtype: Dtype) {
    super();
    this.dtype = dtype;
  }
}

/** Numbers that one or more tensors look at. */
export class Storage extends PickleObject {
  override readonly kind = 'storage';
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;

  constructor(key: string, dtype: Dtype, elements: number) {
    super();
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }

  get bytes(): number {
    return this.elements * bytesPerElement[this.dtype];
  }
}

/** A tensor whose numbers have not been read. */
export class TensorView extends PickleObject {
  override readonly kind = 'tensor';
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    super();
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** Knows what `torch.save` writes of a state dict, and refuses every other name. */
export class TorchResolver implements Resolver {
  readonly storages = new Map<string, Storage>();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  global(name: string): PickleObject {
    const dtype = Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
    if (dtype !== undefined) return new StorageType(dtype);
    const callable = callables.find((known) => known === name);
    if (callable === undefined) throw refused(this.#file, `the global ${name}`);
    return new Callable(callable);
  }

  call(callee: PickleValue, args: PickleValue): PickleValue {
    if (!(callee instanceof Callable) || !Array.isArray(args)) {
      throw refused(this.#file, 'a call of something that is no function');
    }
    switch (callee.name) {
      case 'collections.OrderedDict':
        if (args.length > 0) throw refused(this.#file, 'an OrderedDict with arguments');
        return new PickleDict();
      case 'torch._utils._rebuild_parameter':
        if (!(args[0] instanceof TensorView)) throw refused(this.#file, 'a parameter that is no tensor');
        return args[0];
      case 'torch._utils._rebuild_tensor_v2':
        return this.#tensor(args);
    }
  }

  /** `('storage', type, key, device, elements)`, of the old format with one more: a view, which nobody writes. */
  persistent(id: PickleValue): PickleObject {
    const [kind, type, key, , elements, view = null] = Array.isArray(id) ? id : [];
    if (
      kind !== 'storage' ||
      !(type instanceof StorageType) ||
      typeof key !== 'string' ||
      !isCount(elements) ||
      view !== null
    ) {
      throw refused(this.#file, 'a reference to something else than a storage of numbers');
    }
    const known = this.storages.get(key);
    if (known !== undefined) {
      if (known.dtype !== type.dtype || known.elements !== elements) {
        throw malformed(this.#file, `one type and size of storage ${key.slice(0, 80)}`, 'two');
      }
      return known;
    }
    const storage = new Storage(key, type.dtype, elements);
    this.storages.set(key, storage);
    return storage;
  }

  #tensor([storage, offset, shape, strides]: readonly (PickleValue | undefined)[]): TensorView {
    if (
      !(storage instanceof Storage) ||
      !isCount(offset) ||
      !isCounts(shape) ||
      !isCounts(strides) ||
      shape.length !== strides.length ||
      shape.length > MAX_RANK
    ) {
      throw malformed(this.#file, `a tensor of rank up to ${MAX_RANK} in a storage`, 'something else');
    }
    const count = elementCount(shape);
    const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
    // Beyond the storage, or larger than it because its elements repeat.
    if (count > storage.elements || (count > 0 && !(last < storage.elements))) {
      throw malformed(
        this.#file,
        `a tensor inside its storage of ${storage.elements} elements`,
        `[${shape.join(', ')}] with strides [${strides.join(', ')}] from ${offset}`,
      );
    }
    return new TensorView(storage, offset, shape, strides);
  }
}

/** The numbers of a tensor, row by row, out of those of its storage. */
export function materialize(view: TensorView, numbers: Uint8Array<ArrayBuffer>): HostTensor {
  const { dtype } = view.storage;
  const size = bytesPerElement[dtype];
  const count = elementCount(view.shape);
  const first = view.offset * size;
  if (isContiguous(view))
    return hostTensor(dtype, view.shape, numbers.slice(first, first + count * size).buffer);
  const target = new Uint8Array(count * size);
  const index = view.shape.map(() => 0);
  let at = view.offset;
  for (let element = 0; element < count; element++) {
    for (let byte = 0; byte < size; byte++) target[element * size + byte] = numbers[at * size + byte]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      at += view.strides[axis]!;
      if (++index[axis]! < view.shape[axis]!) break;
      at -= view.strides[axis]! * view.shape[axis]!;
      index[axis] = 0;
    }
  }
  return hostTensor(dtype, view.shape, target.buffer);
}

function isContiguous({ shape, strides }: TensorView): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}
