import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { combinations } from '../../src/inference/ensemble/combination.ts';
import type { AnyMember, Combination } from '../../src/inference/ensemble/combination.ts';
import { EnsemblePrediction } from '../../src/inference/ensemble/ensemblePrediction.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { decodingTable } from '../../src/inference/store/quantization.ts';

/** `tools/goldens/combinations.py`: three members, the third of another resolution, and what NumPy and PyTorch make of them. */
interface Golden {
  readonly height: number;
  readonly width: number;
  readonly thresholds: readonly number[];
  readonly weights: readonly (readonly number[])[];
  readonly members: readonly {
    readonly height: number;
    readonly width: number;
    readonly codes: readonly number[];
  }[];
  /** By combination, each class's mask as bits, the first pixel the highest. */
  readonly masks: Readonly<Record<Combination | 'nested', readonly string[]>>;
}

const classes = ['one', 'two'];
let folder: string;
let golden: Golden;
let stores: LogitStore[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phalanx-combination-goldens-'));
  const url = new URL('../goldens/inference/combinations.json', import.meta.url);
  golden = JSON.parse(await readFile(url, 'utf8')) as Golden;
  stores = golden.members.map((_, m) => new LogitStore(join(folder, `${m}`)));
  for (const [m, { height, width, codes }] of golden.members.entries()) {
    const logits = Float32Array.from(codes, (code) => decodingTable[code + 128]!);
    const original = { originalHeight: golden.height, originalWidth: golden.width };
    await stores[m]!.write(logits, { image: 'i', height, width, ...original, classes, provenance: {} });
  }
});
afterAll(() => rm(folder, { recursive: true }));

async function expectGolden(
  members: readonly AnyMember[],
  combine: Combination,
  name: keyof Golden['masks'],
) {
  const { planes } = await new EnsemblePrediction(members, classes, golden.thresholds, combine).labels('i');
  for (const [c, text] of golden.masks[name].entries()) {
    const bits = Buffer.from(text, 'base64');
    const expected = Uint8Array.from(planes[0]!, (_, i) => (bits[i >> 3]! >> (7 - (i % 8))) & 1);
    expect(expected.some((bit) => bit === 1)).toBe(true);
    expect(Uint8Array.from(planes[0]!, (pixel) => (pixel >> c) & 1)).toEqual(expected);
  }
}

it.each(combinations)('%s is what NumPy and PyTorch make', async (combine) => {
  const members = stores.map((store, m) => ({ name: `${m}`, store, weight: golden.weights[m]! }));
  await expectGolden(members, combine, combine);
});

it('ensembles in an ensemble are what NumPy and PyTorch make', async () => {
  const [a, b, d] = stores.map((store, m): AnyMember => ({ name: `${m}`, store })) as [
    AnyMember,
    AnyMember,
    AnyMember,
  ];
  const members: AnyMember[] = [
    { name: 'logits', combine: 'logits', members: [a, { ...b, weight: 3 }], weight: 2 },
    { name: 'geometric', combine: 'geometric', members: [b, d] },
  ];
  await expectGolden(members, 'probabilities', 'nested');
});
