// Run by fuzz.test.ts: calls the addon's entry points with whatever comes. Every call must return or throw an Error.
import { Random } from '../../src/core/random.ts';
import { attributeKind, loadNativeEngine, nativeType } from '../../src/engine/native.ts';
import { configProto } from '../../src/engine/configProto.ts';

const random = Random.from('fuzz', Number(process.argv[2]));
const rounds = Number(process.argv[3]);
const native = loadNativeEngine() as unknown as Record<string, (...args: unknown[]) => unknown>;
const names = Object.keys(native).filter((name) => typeof native[name] === 'function' && name !== 'close');
const callable = names.filter((name) => name !== 'open');

const ops =
  'MatMul Conv2D ConcatV2 AddV2 Reshape FusedBatchNormV3 Fill Identity IdentityN NoOp Slice MaxPoolGrad Cast Const Placeholder ResizeNearestNeighborGrad Conv2DBackpropInput Conv2DBackpropFilter If While Missing Sum Pack Split Transpose GatherV2 StridedSlice Tile BroadcastTo DepthwiseConv2dNative SpaceToBatchND OneHot TopKV2 Unpack Where PartitionedCall'.split(
    ' ',
  );
const attributes =
  'T N padding strides dtype shape value SrcT DstT ksize Tidx Tshape index_type axis num_split U is_training data_format explicit_paddings dilations f config_proto'.split(
    ' ',
  );
const list = (most: number, item: () => unknown) => Array.from({ length: random.integer(0, most) }, item);
const dimension = (): unknown => random.choice([0, 1, 2, 3, 7, 2 ** 20, 2 ** 31, 2 ** 40, 2 ** 53 - 1, -1]);

/** An attribute of any kind under any name, or a sensible one. */
function attributeOf(depth: number): unknown {
  const kind = random.choice(Object.values(attributeKind));
  const values: Record<number, () => unknown> = {
    [attributeKind.string]: () => random.choice(['SAME', 'VALID', 'NHWC', 'NCHW', '', '\0\xff']),
    [attributeKind.int]: () => random.choice([dimension(), list(5, dimension)]),
    [attributeKind.float]: () => random.choice([0, -1, NaN, Infinity, 1e300]),
    [attributeKind.bool]: () => random.chance(0.5),
    [attributeKind.type]: () => random.choice([...Object.values(nativeType), 0, 23, 99, 1000, 2 ** 31, -1]),
    [attributeKind.shape]: () => list(6, dimension),
  };
  const value = random.chance(0.7) ? values[kind]!() : junk(depth + 1);
  return { name: random.choice(attributes), type: random.chance(0.9) ? kind : random.integer(-2, 12), value };
}

function junk(depth = 0): unknown {
  const makers: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => NaN,
    () => true,
    () => random.integer(-5, 20),
    () => random.uniform(-1e12, 1e12),
    () => random.choice(ops),
    () => new Float32Array(random.integer(0, 10)),
    () => Int32Array.from({ length: random.integer(0, 6) }, () => random.integer(-3, 9)),
    () => new Uint8Array(random.integer(0, 30)),
    () => new BigInt64Array(random.integer(0, 3)),
    () => list(5, () => random.integer(0, 6)),
    () => list(4, () => attributeOf(depth)),
    () => list(6, dimension),
    () => Symbol('junk'),
    () => 10n,
    () => () => 1,
    () => (depth > 2 ? 0 : list(5, () => junk(depth + 1))),
    () => (depth > 2 ? {} : { name: junk(depth + 1), type: junk(depth + 1), value: junk(depth + 1) }),
    () => ({
      get value() {
        throw new RangeError('from a getter');
      },
      name: 'T',
      type: 4,
    }),
  ];
  return random.choice(makers)();
}

let refused = 0;
const promises: Promise<unknown>[] = [];
function attempt(name: string, args: readonly unknown[]): unknown {
  try {
    const result = native[name]!(...args);
    const done = (result as { done?: Promise<unknown> } | undefined)?.done ?? result;
    if (done instanceof Promise) promises.push(done.catch(() => undefined));
    return result;
  } catch (error) {
    if (!(error instanceof Error)) throw new TypeError(`${name} threw something that is not an Error`);
    refused++;
    return undefined;
  }
}

// Before open(), and with configurations that are none.
for (const name of callable)
  for (let i = 0; i < 5; i++)
    attempt(
      name,
      list(5, () => junk()),
    );
for (let i = 0; i < 20; i++) attempt('open', [random.chance(0.5) ? new Uint8Array(0) : junk(), junk()]);
attempt('open', [configProto({ bfloat16: false, threads: 2 })]);

/** What earlier calls returned, and numbers that stand for nothing. */
const known = { tensors: [0], graphs: [0], functions: [0] };
const oneOf = (ids: readonly number[]): unknown =>
  random.chance(0.9) ? random.choice(ids) : random.choice([-1, 2 ** 31, 1.5, 99999, '0']);
const values = (): unknown => list(4, () => random.integer(0, 9));
const shapes = (): unknown => random.choice([[2, 2], [2], [], [1, 4, 4, 2], list(6, dimension)]);
const type = (): unknown => random.choice(Object.values(nativeType));
const config = (): Uint8Array => configProto({ bfloat16: random.chance(0.5), threads: 1 });
const opArguments = (): unknown[] => [
  random.choice(ops),
  random.chance(0.8) ? list(5, () => attributeOf(0)) : junk(),
];
const plausible: Record<string, () => unknown[]> = {
  open: () => [config()],
  createTensor: () =>
    random.choice([
      [[2, 2], nativeType.float32, new Float32Array(4)],
      [[2], nativeType.int32, Int32Array.of(random.integer(-3, 3), random.integer(0, 2 ** 31 - 1))],
      [shapes(), type(), new Float32Array(4)],
      [junk(), random.integer(0, 25), junk()],
    ]),
  deleteTensor: () => [oneOf(known.tensors)],
  tensorData: () => [oneOf(known.tensors)],
  tensorDataSync: () => [oneOf(known.tensors)],
  executeOp: () => [...opArguments(), list(4, () => oneOf(known.tensors)), random.integer(0, 4)],
  deleteGraph: () => [oneOf(known.graphs)],
  graphPlaceholder: () => [oneOf(known.graphs), shapes(), random.integer(0, 25)],
  graphConstant: () => [oneOf(known.graphs), [2, 2], nativeType.float32, new Float32Array(4)],
  graphOp: () => [oneOf(known.graphs), ...opArguments(), values(), random.integer(0, 4)],
  finishGraph: () => [
    oneOf(known.graphs),
    random.choice(['f', 'g', '', 'ü/ 0', 'MatMul', `f${random.integer(0, 1e6)}`]),
    values(),
    values(),
  ],
  deleteFunction: () => [oneOf(known.functions)],
  runFunction: () => [
    oneOf(known.functions),
    random.chance(0.9) ? config() : junk(),
    list(3, () => oneOf(known.tensors)),
    list(2, () => oneOf(known.tensors)),
  ],
  recordPlacement: () => [random.chance(0.5)],
};

/** Keeps what a call returned for later calls to use, most of it until it is deleted by chance. */
function remember(name: string, result: unknown): void {
  const keep = (ids: number[], id: unknown): void => {
    if (typeof id === 'number') ids.push(id);
    if (ids.length > 40) ids.shift();
  };
  if (name === 'createTensor') keep(known.tensors, result);
  if (name === 'newGraph') keep(known.graphs, result);
  if (name === 'finishGraph') keep(known.functions, result);
  if (name === 'executeOp' && Array.isArray(result))
    for (const { id } of result as { id: number }[]) keep(known.tensors, id);
  if (name === 'runFunction') {
    const { outputs = [] } = (result ?? {}) as { outputs?: number[] };
    for (const id of outputs) keep(known.tensors, id);
  }
}

for (let round = 0; round < rounds; round++) {
  // Something to work on: a graph that can become a function.
  if (round % 50 === 0) {
    const graph = attempt('newGraph', []);
    remember('newGraph', graph);
    for (let i = 0; i < 3; i++) attempt('graphPlaceholder', [graph, [2, 2], nativeType.float32]);
    const sum = [{ name: 'T', type: attributeKind.type, value: nativeType.float32 }];
    attempt('graphOp', [graph, 'AddV2', sum, [0, 1], 1]);
    if (round % 100 === 0)
      remember('finishGraph', attempt('finishGraph', [graph, `sum${round}`, [0, 1], [3]]));
    remember('createTensor', attempt('createTensor', [[2, 2], nativeType.float32, new Float32Array(4)]));
  }
  const name = random.choice(names);
  const made = random.chance(0.7) ? plausible[name]?.() : undefined;
  remember(name, attempt(name, made ?? list(6, () => junk())));
}
await Promise.all(promises);
attempt('close', []);
for (const name of callable) attempt(name, plausible[name]?.() ?? []);
await Promise.race([Promise.all(promises), new Promise((resolve) => setTimeout(resolve, 100))]);
console.log(`refused ${refused} of ${names.length} entry points: ${names.join(' ')}`);
