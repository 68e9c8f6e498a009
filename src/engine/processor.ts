import { readFileSync } from 'node:fs';

/** What of this processor decides which kernels are fast. */
export interface Processor {
  /** bfloat16 is computed by instructions of its own (AVX512-BF16 or AMX), not emulated. */
  readonly bfloat16: boolean;
  /** 512-bit vectors, which oneDNN's gradients of filters need: without, they reach a tenth of the peak. */
  readonly avx512: boolean;
}

/** Read from the kernel's list of flags; nothing is assumed where there is none. */
export function readProcessor(): Processor {
  let flags: readonly string[] = [];
  try {
    flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  } catch {
    // Another operating system.
  }
  const has = (flag: string) => flags.includes(flag);
  return { bfloat16: has('avx512_bf16') || has('amx_bf16'), avx512: has('avx512f') };
}
