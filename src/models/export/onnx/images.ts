import type { GraphOp } from '../../../engine/graph/record.ts';
import { attributeOf, refuse } from './conversion.ts';
import type { Conversion } from './conversion.ts';
import type { Convert } from './elementwise.ts';
import type { OnnxAttribute } from './file.ts';
import { padsOf, requireChannelsLast, sizeOf, spatial, windowAttributes } from './windows.ts';
import type { Pads, Window } from './windows.ts';

/** Padding with what never wins is the pool's own. */
function maxPoolInput(op: GraphOp, conversion: Conversion): { readonly x: number; readonly margins?: Pads } {
  const [x] = op.inputs as [number];
  const producer = conversion.producerOf(x);
  if (producer?.type !== 'PadV2' || attributeOf(op, 'padding') !== 'VALID') return { x };
  const isLowest = conversion.constantOf(producer.inputs[2]!)?.[0] === -Infinity;
  const [n0, n1, top, bottom, left, right, c0, c1] = conversion.integersOf(producer, 1);
  if (!isLowest || [n0, n1, c0, c1].some((pixels) => pixels !== 0)) return { x };
  return { x: producer.inputs[0]!, margins: [top!, left!, bottom!, right!] };
}

const maxPool: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const window: Window = {
    kernel: spatial(op, 'ksize'),
    stride: spatial(op, 'strides'),
    dilation: [1, 1],
  };
  const { x, margins } = maxPoolInput(op, conversion);
  const pads = margins ?? padsOf(op, sizeOf(x, conversion), window);
  const result = conversion.onnx.add('MaxPool', [conversion.first(x)], windowAttributes(window, pads));
  conversion.setFirst(op.outputs[0]!, result);
};

const averagePool: Convert = (op, conversion) => {
  requireChannelsLast(op);
  const [x] = op.inputs as [number];
  const window: Window = {
    kernel: spatial(op, 'ksize'),
    stride: spatial(op, 'strides'),
    dilation: [1, 1],
  };
  // Padding does not count, here and there.
  const pads = padsOf(op, sizeOf(x, conversion), window);
  const attributes = windowAttributes(window, pads).filter(({ name }) => name !== 'dilations');
  conversion.setFirst(op.outputs[0]!, conversion.onnx.add('AveragePool', [conversion.first(x)], attributes));
};

const batchNorm: Convert = (op, conversion) => {
  requireChannelsLast(op);
  if (attributeOf(op, 'is_training') !== false) refuse('FusedBatchNormV3 by the statistics of the batch');
  const [x, ...statistics] = op.inputs as [number, ...number[]];
  const inputs = [conversion.first(x), ...statistics.map((value) => conversion.last(value))];
  const attributes = [{ name: 'epsilon', float: attributeOf(op, 'epsilon') as number }];
  conversion.setFirst(op.outputs[0]!, conversion.onnx.add('BatchNormalization', inputs, attributes));
};

function resize(mode: 'nearest' | 'linear'): Convert {
  return (op, conversion) => {
    const aligned = attributeOf(op, 'align_corners') === true;
    const centred = attributeOf(op, 'half_pixel_centers') === true;
    if (mode === 'nearest' && (aligned || centred)) refuse('ResizeNearestNeighbor by centres');
    const coordinates = aligned ? 'align_corners' : centred ? 'half_pixel' : 'asymmetric';
    const attributes: OnnxAttribute[] = [
      { name: 'mode', text: mode },
      { name: 'coordinate_transformation_mode', text: coordinates },
      { name: 'axes', integers: [2, 3] },
      ...(mode === 'nearest' ? [{ name: 'nearest_mode', text: 'floor' }] : []),
    ];
    const sizes = conversion.onnx.addIntegers(conversion.integersOf(op, 1));
    // The inputs left out are a region and scales.
    const inputs = [conversion.first(op.inputs[0]!), '', '', sizes];
    conversion.setFirst(op.outputs[0]!, conversion.onnx.add('Resize', inputs, attributes));
  };
}

export const imageOps: Readonly<Record<string, Convert>> = {
  AvgPool: averagePool,
  FusedBatchNormV3: batchNorm,
  MaxPool: maxPool,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
};
