// Run by fuzz.test.ts: calls the addon's entry points with whatever comes. Every call must return or throw an Error.
import { Random } from '../../src/core/random.ts';
import { loadNativeEngine } from '../../src/engine/native.ts';

const random = Random.from('fuzz', Number(process.argv[2]));
const rounds = Number(process.argv[3]);
const native = loadNativeEngine() as unknown as Record<string, (...args: unknown[]) => unknown>;
native['open']!(Uint8Array.of(0x10, 2, 0x28, 2));

const ops =
  'MatMul Conv2D ConcatV2 AddV2 Reshape FusedBatchNormV3 Fill Identity IdentityN NoOp Slice MaxPoolGrad Cast Const Placeholder ResizeNearestNeighborGrad Conv2DBackpropInput Conv2DBackpropFilter If While Missing'.split(
    ' ',
  );
const attributes = 'T N padding strides dtype shape value SrcT DstT ksize'.split(' ');
const list = (most: number, item: () => unknown) => Array.from({ length: random.integer(0, most) }, item);

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
    () => list(5, () => random.integer(0, 6)),
    () =>
      list(4, () => ({
        name: random.choice(attributes),
        type: random.integer(0, 7),
        value: junk(depth + 1),
      })),
    () => (depth > 2 ? 0 : list(5, () => junk(depth + 1))),
    () => (depth > 2 ? {} : { name: junk(depth + 1), type: junk(depth + 1), value: junk(depth + 1) }),
  ];
  return random.choice(makers)();
}

const tensors = [
  native['createTensor']!([2, 2], 1, new Float32Array(4)),
  native['createTensor']!([2], 3, new Int32Array(2)),
];
const graph = native['newGraph']!();
for (let i = 0; i < 6; i++) native['graphPlaceholder']!(graph, [1, 4, 4, 2], 1);
const plausible: Record<string, () => unknown[]> = {
  executeOp: () => [random.choice(ops), junk(), [random.choice(tensors)], random.integer(0, 4)],
  graphOp: () => [
    graph,
    random.choice(ops),
    junk(),
    list(4, () => random.integer(0, 6)),
    random.integer(0, 4),
  ],
  createTensor: () => [junk(), random.integer(0, 25), junk()],
};

const names = Object.keys(native).filter(
  (name) => typeof native[name] === 'function' && !['open', 'close'].includes(name),
);
const promises: Promise<unknown>[] = [];
let refused = 0;
for (let round = 0; round < rounds; round++) {
  const name = random.choice(names);
  const made = random.chance(0.5) ? plausible[name]?.() : undefined;
  try {
    const result = native[name]!(...(made ?? list(6, () => junk())));
    const done = (result as { done?: Promise<unknown> } | undefined)?.done ?? result;
    if (done instanceof Promise) promises.push(done.catch(() => undefined));
  } catch (error) {
    if (!(error instanceof Error)) throw new TypeError(`${name} threw something that is not an Error`);
    refused++;
  }
}
await Promise.all(promises);
console.log(`refused ${refused}`);
