/**
 * How a compiled function computes. `bfloat16`: convolutions and matrix products, and what lies between them, while
 * weights, statistics, optimizer state and losses stay float32. `auto`: bfloat16 where the processor has
 * instructions for it.
 */
export type Precision = 'float32' | 'bfloat16' | 'auto';

export function resolvePrecision(
  precision: Precision,
  bfloat16Instructions: boolean,
): 'float32' | 'bfloat16' {
  if (precision !== 'auto') return precision;
  return bfloat16Instructions ? 'bfloat16' : 'float32';
}
