import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import {
  checkMembers,
  combinations,
  leavesOf,
  logitShares,
} from '../../src/inference/ensemble/combination.ts';
import type { AnyMember, Combination, JointMember } from '../../src/inference/ensemble/combination.ts';
import type { EnsembleMember } from '../../src/inference/ensemble/combine.ts';
import { EnsemblePrediction } from '../../src/inference/ensemble/ensemblePrediction.ts';
import { jointLabels } from '../../src/inference/ensemble/jointLabels.ts';
import { jointLabelsPlain } from '../../src/inference/ensemble/plain/jointLabels.ts';
import type { PlainLogits } from '../../src/inference/ensemble/plain/jointLabels.ts';
import { countLevels } from '../../src/inference/ensemble/rankTable.ts';
import type { LogitFile } from '../../src/inference/store/logitFile.ts';
import { LogitStore } from '../../src/inference/store/logitStore.ts';
import { storedByte } from '../../src/inference/store/quantization.ts';
import type { LabelMap } from '../../src/labels/labelMap.ts';
import { classNames, syntheticLogits } from './syntheticLogits.ts';

const classes = classNames(34);
const original = { width: 75, height: 66 };
const threshold = classes.map((_, c) => 0.3 + 0.01 * c);

const folder = mkdtempSync(join(tmpdir(), 'phalanx-combinations-'));
beforeAll(async () => {
  const sizes: [string, number, number][] = [
    ['a', 20, 25],
    ['b', 20, 25],
    ['c', 40, 17],
    ['d', 100, 105],
  ];
  for (const [name, height, width] of sizes) {
    const logits = syntheticLogits(height, width, classes.length, Random.from(name));
    const info = { image: 'i.png', height, width, classes, provenance: {} };
    await new LogitStore(join(folder, name)).write(logits, {
      ...info,
      originalHeight: original.height,
      originalWidth: original.width,
    });
  }
});
afterAll(() => rm(folder, { recursive: true }));

function model(name: string, weight: number | readonly number[] = 1): EnsembleMember {
  return { name, store: new LogitStore(join(folder, name)), weight };
}

function joint(
  combine: Combination,
  members: readonly AnyMember[],
  own: Partial<JointMember> = {},
): JointMember {
  return { name: combine, combine, members, ...own };
}

async function filesOf(members: readonly AnyMember[]): Promise<LogitFile[]> {
  return Promise.all(leavesOf(members).map(({ store }) => store.read('i.png')));
}

async function plainOf(files: readonly LogitFile[]): Promise<PlainLogits[]> {
  const logits = [];
  for (const file of files) {
    const planes = await Promise.all(classes.map((_, c) => file.plane(c)));
    logits.push({ width: file.info.width, height: file.info.height, planes });
  }
  return logits;
}

/** Pixels in which two maps differ, in any class. */
function differing(a: LabelMap, b: LabelMap): number {
  return a.planes[0]!.filter((bits, i) => bits !== b.planes[0]![i] || a.planes[1]![i] !== b.planes[1]![i])
    .length;
}

const onlySome = classes.map((_, c) => (c % 3 === 0 ? 0 : 1 + c));

describe('a combination', () => {
  const cases: [string, JointMember][] = [
    ...combinations.map((combine): [string, JointMember] => [
      combine,
      joint(combine, [model('a', 2), model('b'), model('c', onlySome), model('d', 0.5)]),
    ]),
    ['of one model', joint('probabilities', [model('d')])],
    [
      'of ensembles, by probability',
      joint('probabilities', [
        joint('logits', [model('a'), model('c')], { weight: 2 }),
        joint('geometric', [model('b'), model('d')]),
        joint('vote', [model('a'), model('b'), model('d')], { threshold: 0.6 }),
      ]),
    ],
    [
      'of ensembles, by vote',
      joint('vote', [
        joint('rank', [model('a'), model('c')], { threshold }),
        joint('probabilities', [model('b'), model('d')], { threshold: 0.45, weight: onlySome }),
        model('c'),
      ]),
    ],
  ];

  it.each(cases)('%s is the plain twin', async (_, ensemble) => {
    const files = await filesOf(ensemble.members);
    const native = await jointLabels(ensemble, files, threshold);
    const plain = jointLabelsPlain(ensemble, await plainOf(files), threshold, original);
    // Single against double precision: a pixel may differ where a value is the threshold to 7 digits.
    expect(differing(native, plain)).toBeLessThanOrEqual(2);
    expect(native.planes[0]!.some((bits) => bits !== 0)).toBe(true);
  });

  it('is the same in bands of rows as at once', async () => {
    const ensemble = cases[5]![1];
    const rank = joint('rank', [model('a'), model('d')]);
    for (const each of [ensemble, rank]) {
      const files = await filesOf(each.members);
      expect(await jointLabels(each, files, threshold, 700)).toEqual(
        await jointLabels(each, files, threshold),
      );
    }
  });

  it('by rank or vote of one model is that model', async () => {
    const members = [model('d')];
    const alone = await new EnsemblePrediction(members, classes, threshold).labels('i.png');
    for (const combine of combinations) {
      const labels = await new EnsemblePrediction(members, classes, threshold, combine).labels('i.png');
      expect(differing(labels, alone), combine).toBeLessThanOrEqual(combine === 'rank' ? 5 : 0);
    }
  });

  it('of logits inside logits is the mean with the product of the weights', async () => {
    const nested = joint('logits', [
      joint('logits', [model('a', 3), model('b')], { weight: 2 }),
      model('b', 6),
    ]);
    const shares = logitShares(nested, classes.length)!;
    expect(shares.map((share) => share[7]!)).toEqual([0.1875, 0.0625, 0.75]);
    expect(logitShares(joint('logits', [joint('vote', [model('a')])]), 3)).toBeUndefined();
    const whole = await new EnsemblePrediction(nested.members, classes, threshold).labels('i.png');
    const files = await filesOf(nested.members);
    expect(differing(whole, await jointLabels(nested, files, threshold))).toBeLessThanOrEqual(2);
  });

  it.each<[string, JointMember, string]>([
    ['no members inside', joint('vote', [joint('vote', [])]), 'ensemble/weights'],
    ['an ensemble in a rank mean', joint('rank', [joint('logits', [model('a')])]), 'ensemble/combine'],
    ['a rank mean in a mean', joint('logits', [joint('rank', [model('a')])]), 'ensemble/combine'],
    ['a class without members', joint('vote', [joint('vote', [model('a', onlySome)])]), 'ensemble/weights'],
    [
      'ensembles too deep',
      Array.from({ length: 9 }).reduce<JointMember>(
        (inner) => joint('logits', [inner]),
        joint('logits', [model('a')]),
      ),
      'ensemble/weights',
    ],
  ])('refuses %s', (_, ensemble, code) => {
    expect(() => checkMembers(ensemble, classes)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('counts the levels of a packed plane', async () => {
    const [file] = await filesOf([model('d')]);
    const counts = new Uint32Array(256);
    for (const logit of await file!.plane(3)) counts[storedByte(logit)]!++;
    expect(await countLevels(await file!.packedPlane(3), 100, 105)).toEqual(counts);
  });

  it('is refused where a plane is cut short', async () => {
    const [file] = await filesOf([model('d')]);
    const plane = await file!.packedPlane(0);
    await expect(countLevels(plane.subarray(0, -1), 100, 105)).rejects.toThrow(/truncated/);
  });
});
