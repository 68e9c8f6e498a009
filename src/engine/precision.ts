import { readFileSync } from 'node:fs';

/**
 * How a compiled function computes. `bfloat16`: convolutions and matrix products, and what lies between them, while
 * weights, statistics, optimizer state and losses stay float32. `auto`: bfloat16 where the processor has
 * instructions for it.
 */
export type Precision = 'float32' | 'bfloat16' | 'auto';

/** True where bfloat16 is computed by instructions of its own (AVX512-BF16 or AMX), not emulated. */
export function hasBfloat16Instructions(): boolean {
  try {
    return /^flags\s*:.*\b(avx512_bf16|amx_bf16)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

export function resolvePrecision(
  precision: Precision,
  bfloat16Instructions: boolean,
): 'float32' | 'bfloat16' {
  if (precision !== 'auto') return precision;
  return bfloat16Instructions ? 'bfloat16' : 'float32';
}
