import type { HostTensor } from './format.ts';

/** The values of a tensor as float32; `F32` is returned as it is, half precisions are widened exactly. */
export function toFloat32(tensor: HostTensor): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'BF16':
      return widen(tensor.data, (bits) => bits << 16);
    case 'F16':
      return widen(tensor.data, halfToFloatBits);
    case 'I64':
      return Float32Array.from(tensor.data, Number);
    case 'I32':
    case 'U8':
      return Float32Array.from(tensor.data);
  }
}

function widen(halves: Uint16Array, toBits: (half: number) => number): Float32Array {
  const bits = new Int32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = toBits(halves[i]!);
  return new Float32Array(bits.buffer);
}

/** The float32 bits of an IEEE 754 binary16 value; every half is exact in float32. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
}
