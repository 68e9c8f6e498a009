import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, firstAxis, onnxTypeOf } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import { onnxType } from './file.ts';
import type { OnnxAttribute } from './file.ts';

export type Convert = (op: GraphOp, conversion: Conversion) => void;

/** From the names of an op's inputs to that of its output. */
type Compute = (inputs: readonly string[], conversion: Conversion, op: GraphOp) => string;

/** Whether an op is best computed channels first: where an image comes that way. */
export function prefersFirst({ inputs }: GraphOp, conversion: Conversion): boolean {
  return inputs.some((input) => conversion.isFirst(input));
}

/** An op without regard to axes, but for broadcasting. */
function elementwise(compute: Compute): Convert {
  return (op, conversion) => {
    const first = prefersFirst(op, conversion);
    const inputs = op.inputs.map((input) => {
      const isScalar = conversion.rankOf(input) === 0;
      return first && !isScalar ? conversion.first(input) : conversion.last(input);
    });
    const result = compute(inputs, conversion, op);
    if (first) conversion.setFirst(op.outputs[0]!, result);
    else conversion.setLast(op.outputs[0]!, result);
  };
}

/** One operator of the same meaning. */
function same(type: string, attributes: (op: GraphOp) => readonly OnnxAttribute[] = () => []): Convert {
  return elementwise((inputs, { onnx }, op) => onnx.add(type, inputs, attributes(op)));
}

const clipTo6: Compute = (inputs, { onnx }) => {
  const limits = [0, 6].map((limit) => onnx.addTensor('float32', [], Float32Array.of(limit)));
  return onnx.add('Clip', [...inputs, ...limits]);
};

function castTo(op: GraphOp): readonly OnnxAttribute[] {
  return [{ name: 'to', integer: onnxType[onnxTypeOf(attributeOf(op, 'DstT') as number)] }];
}

const passOn = elementwise(([x]) => x!);
const cast = same('Cast', castTo);
/** Channels are the last axis here. */
const addBias = same('Add');

export const elementwiseOps: Readonly<Record<string, Convert>> = {
  Abs: same('Abs'),
  Add: same('Add'),
  AddN: same('Sum'),
  AddV2: same('Add'),
  BiasAdd: (op, conversion) => {
    // A convolution before it has written it already.
    if (!conversion.has(op.outputs[0]!)) addBias(op, conversion);
  },
  Cast: (op, conversion) => {
    const isNone = attributeOf(op, 'SrcT') === attributeOf(op, 'DstT');
    (isNone ? passOn : cast)(op, conversion);
  },
  Elu: same('Elu'),
  Erf: same('Erf'),
  Exp: same('Exp'),
  Identity: passOn,
  LeakyRelu: same('LeakyRelu', (op) => [{ name: 'alpha', float: attributeOf(op, 'alpha') as number }]),
  Log: same('Log'),
  Maximum: same('Max'),
  Minimum: same('Min'),
  Mul: same('Mul'),
  Neg: same('Neg'),
  RealDiv: same('Div'),
  Relu: same('Relu'),
  Relu6: elementwise(clipTo6),
  Rsqrt: elementwise((inputs, { onnx }) => onnx.add('Reciprocal', [onnx.add('Sqrt', inputs)])),
  Sigmoid: same('Sigmoid'),
  Softplus: same('Softplus'),
  Sqrt: same('Sqrt'),
  Square: elementwise(([x], { onnx }) => onnx.add('Mul', [x!, x!])),
  SquaredDifference: elementwise((inputs, { onnx }) => {
    const difference = onnx.add('Sub', inputs);
    return onnx.add('Mul', [difference, difference]);
  }),
  Sub: same('Sub'),
  Tanh: same('Tanh'),
};

/** An operator over the axes that the op's second input tells. */
function reduction(type: string): Convert {
  return (op, conversion) => {
    const [input, output] = [op.inputs[0]!, op.outputs[0]!];
    const rank = conversion.rankOf(input);
    const axes = conversion.integersOf(op, 1).map((axis) => (axis + rank) % rank);
    const keep = attributeOf(op, 'keep_dims') === true;
    const first = prefersFirst(op, conversion) && (keep || (axes.includes(1) && axes.includes(2)));
    const taken = first ? axes.map((axis) => firstAxis[axis]!) : axes;
    const result = conversion.onnx.add(
      type,
      [first ? conversion.first(input) : conversion.last(input), conversion.onnx.addIntegers(taken)],
      [{ name: 'keepdims', integer: keep ? 1 : 0 }],
    );
    if (first && keep) conversion.setFirst(output, result);
    else conversion.setLast(output, result);
  };
}

/** Two matrices, or batches of them. */
function product(transposeA: string, transposeB: string): Convert {
  return (op, conversion) => {
    const operand = (position: number, transposed: string): string => {
      const value = op.inputs[position]!;
      if (attributeOf(op, transposed) !== true) return conversion.last(value);
      const axes = conversion.shapeOf(value).map((_, axis) => axis);
      const [rows, columns] = axes.slice(-2) as [number, number];
      return conversion.permuted(value, [...axes.slice(0, -2), columns, rows]);
    };
    const inputs = [operand(0, transposeA), operand(1, transposeB)];
    conversion.setLast(op.outputs[0]!, conversion.onnx.add('MatMul', inputs));
  };
}

export const matrixOps: Readonly<Record<string, Convert>> = {
  BatchMatMulV2: product('adj_x', 'adj_y'),
  Max: reduction('ReduceMax'),
  MatMul: product('transpose_a', 'transpose_b'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Softmax: (op, conversion) => {
    const result = conversion.onnx.add(
      'Softmax',
      [conversion.last(op.inputs[0]!)],
      [{ name: 'axis', integer: -1 }],
    );
    conversion.setLast(op.outputs[0]!, result);
  },
  Sum: reduction('ReduceSum'),
};
