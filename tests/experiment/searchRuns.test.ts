import { describe, expect, it } from 'vitest';
import { groupRuns, runWeights } from '../../src/experiment/searchRuns.ts';
import type { Decisions } from '../../src/inference/search/decisions.ts';
import { readDecisions, writeDecisions } from '../../src/inference/search/decisions.ts';
import { join } from 'node:path';
import { temporaryFolder, write } from '../temporaryFolder.ts';

const state = (experiment: string, fold: number) =>
  ({ state: { experiment, fold } }) as Parameters<typeof groupRuns>[0][number];

const score = { search: 0.9, heldOut: 0.9 };
const decisions: Decisions = {
  version: 1,
  members: ['unet', 'fpn', 'unet#2'],
  classes: [0.5, 0.2].map((weight, c) => ({
    name: `class-${c}`,
    weights: [weight, 0.3, 0.7 - weight],
    threshold: 0.4,
    postProcess: { largest: 1 },
    before: score,
    after: score,
    crossValidated: 0.9,
    findings: [],
  })),
  findings: [],
  searched: { images: 8, people: 4 },
  heldOut: { images: 2, people: 1 },
  seed: 0,
  methods: ['greedy'],
};

describe('groupRuns', () => {
  const runs = [state('unet', 0), state('unet', 1), state('fpn', 0), state('unet', 0), state('fpn', 1)];

  it('joins the folds of an experiment, and counts a second run of a fold as another member', () => {
    expect(groupRuns(runs)).toEqual([
      { name: 'unet', runs: [0, 1] },
      { name: 'fpn', runs: [2, 4] },
      { name: 'unet#2', runs: [3] },
    ]);
  });

  it("shares a member's weight among its folds", () => {
    const weights = runWeights(decisions, groupRuns(runs), 'x.json');
    expect(weights).toEqual([
      [0.25, 0.1],
      [0.25, 0.1],
      [0.15, 0.15],
      [expect.closeTo(0.2), expect.closeTo(0.5)],
      [0.15, 0.15],
    ]);
  });

  it('refuses decisions of other members', () => {
    expect(() => runWeights(decisions, groupRuns(runs.slice(0, 3)), 'x.json')).toThrow('x.json');
  });
});

describe('decisions', () => {
  it('are read as they were written', async () => {
    const path = join(await temporaryFolder(), 'x.decisions.json');
    await writeDecisions(path, decisions);
    expect((await readDecisions(path)).decisions).toEqual(decisions);
  });

  it.each([
    ['no JSON', '{'],
    ['another version', JSON.stringify({ ...decisions, version: 2 })],
    ['shares that do not sum to 1', JSON.stringify({ ...decisions, members: ['a', 'b'] })],
  ])('are refused where the file holds %s', async (_, text) => {
    const path = await write(join(await temporaryFolder(), 'x.json'), text);
    await expect(readDecisions(path)).rejects.toMatchObject({ code: 'search/invalid' });
  });
});
