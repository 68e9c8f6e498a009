import type { EngineInfo } from './running.ts';

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

/** What to tell whoever asked for a precision that is not computed as they may expect; undefined when it is. */
export function precisionWarning(
  precision: Precision,
  { device, bfloat16 }: Pick<EngineInfo, 'device' | 'bfloat16'>,
): string | undefined {
  if (precision !== 'bfloat16' || bfloat16) return undefined;
  return device === 'gpu'
    ? 'TensorFlow has bfloat16 for processors only: on this GPU it is computed in float32. Set precision to auto.'
    : 'This processor has no bfloat16 instructions: they are emulated, which takes many times as long as float32. Set precision to auto.';
}
