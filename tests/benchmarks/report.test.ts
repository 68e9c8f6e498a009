import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { instructionsOf, machineKind } from '../../benchmarks/machine.ts';
import type { Machine } from '../../benchmarks/machine.ts';
import { compare, markdown, writeResults } from '../../benchmarks/report.ts';
import type { Measured, Results } from '../../benchmarks/report.ts';
import { spread, turn } from '../../benchmarks/statistics.ts';
import { temporaryFolder } from '../temporaryFolder.ts';

function measured(name: string, samples: readonly number[], peakBytes: number): Measured {
  return { name, samples, peakBytes, ...spread(samples) };
}

const ours = measured('Phalanx', [3, 1, 2], 10e9);
const slow = measured('PyTorch eager', [8, 8], 20e9);
const fast = measured('PyTorch compiled', [5, 3], 30e9);

const machine: Machine = {
  kind: 'some-2-cores-avx2',
  processor: 'Some',
  cores: 2,
  memoryBytes: 24e9,
  instructions: ['avx2'],
  bfloat16: false,
  system: 'linux-x64',
  versions: { node: '20.20.2' },
};

function results(): Results {
  const row = compare('U-Net inference', 'float32', ours, [slow, fast], {
    absent: [{ name: 'PyTorch | odd', reason: 'no compiler' }],
  });
  return { suite: 'engine', quick: true, machine, rows: [row], notes: ['A note.'], facts: { steps: 3 } };
}

describe('statistics', () => {
  it('takes the least and the middle', () => {
    expect(spread([4, 1, 3])).toEqual({ min: 1, median: 3 });
    expect(spread([4, 1, 3, 2])).toEqual({ min: 1, median: 2.5 });
    expect(() => spread([])).toThrow(RangeError);
  });

  it('lets each contender begin in its turn', () => {
    expect([0, 1, 2, 3].map((round) => turn(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    expect(turn([], 5)).toEqual([]);
  });
});

describe('rows', () => {
  it('compares with the fastest peer by the median', () => {
    const [row] = results().rows;
    expect(row).toMatchObject({
      ours: 2,
      peer: 4,
      peerName: 'PyTorch compiled',
      ratio: 0.5,
      oursPeakBytes: 10e9,
      peerPeakBytes: 30e9,
      oursMin: 1,
      peerMin: 3,
    });
    expect(() => compare('x', 'float32', ours, [], {})).toThrow(/no peer/);
  });

  it('does not count the others', () => {
    const other = measured('stock tfjs', [1], 1);
    const row = compare('x', 'float32', ours, [slow], { others: [other] });
    expect(row.peerName).toBe('PyTorch eager');
    expect(row.contenders).toContain(other);
  });
});

describe('results', () => {
  it('are a table with every contender, also those that could not run', () => {
    const text = markdown(results());
    expect(text).toContain(
      '| U-Net inference | float32 | 2.00 | 4.00 | PyTorch compiled | 0.50× | 10.00 GB | 30.00 GB |',
    );
    expect(text).toContain('| U-Net inference | float32 | PyTorch eager | 8.00 | 8.00 | 2 | 20.00 GB |');
    expect(text).toContain('PyTorch \\| odd | no compiler');
    expect(text).not.toMatch(/goal|ceiling|processor time/);
    expect(text).toContain('- A note.');
  });

  it('say beside each ratio what it was to be, and what the busy machine did not disturb', () => {
    const timed = { ...measured('albumentations', [4], 1), processorMedian: 8 };
    const rows = [0.4, 0.04].map((goal) =>
      compare('flip', '8-bit', { ...ours, processorMedian: 0.2 }, [timed], { goal }),
    );
    const text = markdown({ ...results(), rows });
    expect(text).toMatch(/\| ratio \| goal \| by processor time \| memory \|/);
    expect(text).toContain('| 0.50× | ≤ 0.40×, missed | 0.025× |');
    expect(text).toContain('| 0.50× | ≤ 0.04×, missed | 0.025× |');
    const frugal = compare('flip', '8-bit', ours, [slow], { goalBytes: 10e9 });
    expect(markdown({ ...results(), rows: [frugal] })).toContain('| 10.00 GB (≤ 10.00 GB, met) |');
    const wasteful = compare('flip', '8-bit', ours, [slow], { goalBytes: 9e9 });
    expect(markdown({ ...results(), rows: [wasteful] })).toContain('| 10.00 GB (≤ 9.00 GB, missed) |');
    const met = compare('flip', '8-bit', ours, [slow], { goal: 0.25 });
    expect(markdown({ ...results(), rows: [met] })).toContain('| 0.25× | ≤ 0.25×, met |');
  });

  it('are without tables where there is nothing to compare', () => {
    const text = markdown({ ...results(), rows: [] });
    expect(text).not.toContain('|');
    expect(text).toContain('- A note.');
  });

  it('are written under the suite and the kind of machine', async () => {
    const folder = await temporaryFolder();
    const path = await writeResults(results(), folder);
    expect(path).toMatch(/engine-quick-some-2-cores-avx2\.md$/);
    expect(await readFile(path, 'utf8')).toBe(markdown(results()));
    expect(JSON.parse(await readFile(path.replace(/md$/, 'json'), 'utf8'))).toEqual(results());
  });
});

describe('machine', () => {
  it('finds the instructions that matter', () => {
    expect(
      instructionsOf('model: x\nflags\t\t: fpu avx2 fma amx_bf16 avx512_bf16 sse2\nother: avx512f'),
    ).toEqual(['avx2', 'fma', 'avx512_bf16', 'amx_bf16']);
    expect(instructionsOf('')).toEqual([]);
  });

  it('is named by what figures depend on', () => {
    expect(machineKind('Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz', 4, ['avx2', 'amx_bf16'])).toBe(
      'intel-xeon-platinum-8481c-4-cores-amx-bf16',
    );
    expect(machineKind('AMD EPYC', 2, ['avx2'])).toBe('amd-epyc-2-cores-avx2');
  });
});
