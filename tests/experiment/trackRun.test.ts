import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Environment } from '../../src/experiment/environment.ts';
import type { RunState } from '../../src/experiment/runDirectory.ts';
import { readCurve } from '../../src/experiment/runCurve.ts';
import { experimentSchema } from '../../src/experiment/schema.ts';
import { logEvent, trackRun } from '../../src/experiment/trackRun.ts';
import { flattenParameters } from '../../src/tracking/flatten.ts';
import { readJsonLines } from '../../src/tracking/jsonLines.ts';
import type { TrackingRecord } from '../../src/tracking/jsonLines.ts';
import { minimal } from './declarations.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'phalanx-track-'));
  vi.stubEnv('MLFLOW_TRACKING_URI', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const environment: Environment = {
  phalanx: '1.2.3',
  node: 'v20.20.0',
  platform: 'linux-x64',
  processor: 'a processor',
  cores: 2,
  memory: 1e9,
  git: { commit: 'abc', dirty: true },
};

function track(changes: Partial<RunState> = {}, tracking: object = {}) {
  const state: RunState = {
    id: 'one',
    experiment: 'a',
    fold: 1,
    created: '2026-01-01T00:00:00.000Z',
    configHash: 'hash',
    status: 'running',
    pid: 1,
    step: 0,
    seconds: 0,
    ...changes,
  };
  const warnings: string[] = [];
  const run = { directory, state };
  const tracker = trackRun({
    run,
    config: experimentSchema.parse({ ...minimal, description: 'why', tracking }),
    environment,
    source: 'experiments/a.ts',
    onWarning: (message) => warnings.push(message),
    onMlflowRun: () => expect.unreachable('there is no MLflow'),
  });
  return { tracker, run, warnings };
}

async function records(): Promise<TrackingRecord[]> {
  const found: TrackingRecord[] = [];
  for await (const record of readJsonLines(join(directory, 'metrics.jsonl'))) found.push(record);
  return found;
}

const step = { type: 'step', epoch: 0, seconds: 1, samplesPerSecond: 2, learningRate: 0.1 } as const;
const validation = { type: 'validation', epoch: 0, loss: 0.5, seconds: 1, best: true } as const;

test('without MLflow a run is recorded as JSON lines: settings, tags, steps, validations, ending', async () => {
  const { tracker, run, warnings } = track();
  logEvent(tracker, { type: 'started', steps: 2, epochs: 1, parameters: 3, resumedFrom: 0 });
  logEvent(tracker, { ...step, step: 1, loss: 0.9 });
  logEvent(tracker, { ...step, step: 2, loss: 0.8, gradientNorm: 4 });
  logEvent(tracker, { ...validation, step: 2, meanDice: 0.7, perClass: { 'finger-1': 0.6 } });
  logEvent(tracker, { type: 'checkpoint', step: 2, path: 'x', kind: 'last' });
  await tracker.finish('finished');

  const found = await records();
  expect(found.map(({ type }) => type)).toEqual([
    'parameters',
    'tags',
    'metrics',
    'metrics',
    'metrics',
    'status',
  ]);
  expect(found[0]).toMatchObject({ values: { fold: 1, 'model.decoder.name': 'unet', 'loss.0.weight': 5 } });
  expect(found[1]).toMatchObject({
    values: {
      'mlflow.source.name': 'experiments/a.ts',
      'mlflow.source.git.commit': 'abc',
      'mlflow.note.content': 'why',
      'git.dirty': 'true',
      'phalanx.config_hash': 'hash',
    },
  });
  expect(found[3]).toMatchObject({
    step: 2,
    values: { 'train/loss': 0.8, 'train/learning_rate': 0.1, 'train/gradient_norm': 4 },
  });
  expect(found[2]).not.toHaveProperty('values.train/gradient_norm');
  expect(found[4]).toMatchObject({ values: { 'val/loss': 0.5, 'val/dice': 0.7, 'val/dice/finger-1': 0.6 } });
  expect(found[5]).toMatchObject({ status: 'finished' });
  expect(warnings).toEqual([]);
  expect(await readCurve(run)).toEqual({
    name: 'a',
    loss: [
      [1, 0.9],
      [2, 0.8],
    ],
    dice: [[2, 0.7]],
  });
});

test('a resumed run writes on, without its settings a second time; what it repeats replaces what was lost', async () => {
  const first = track();
  for (const [at, loss] of [0.9, 0.8, 0.7].entries())
    logEvent(first.tracker, { ...step, step: at + 1, loss });
  await first.tracker.finish('killed');
  const second = track({ step: 2 });
  logEvent(second.tracker, { ...step, step: 3, loss: 0.6 });
  await second.tracker.finish('finished');
  expect((await records()).filter(({ type }) => type === 'parameters')).toHaveLength(1);
  expect((await readCurve(second.run)).loss).toEqual([
    [1, 0.9],
    [2, 0.8],
    [3, 0.6],
  ]);
});

test('MLflow asked for without a server is an error before training', () => {
  expect(() => track({}, { mlflow: {} })).toThrow(/no server is named: expected tracking.mlflow.uri/);
});

test('flattenParameters: dotted keys, lists of plain values as JSON, lists of objects numbered', () => {
  const flat = flattenParameters({
    a: { b: 1, c: null },
    list: [1, 'x', null],
    empty: [],
    items: [{ name: 'bce' }, { name: 'dice', weight: 2 }],
    nothing: {},
    left: undefined,
  });
  expect(flat).toEqual({
    'a.b': 1,
    'a.c': null,
    list: '[1,"x",null]',
    empty: '[]',
    'items.0.name': 'bce',
    'items.1.name': 'dice',
    'items.1.weight': 2,
  });
  expect(flattenParameters(5)).toEqual({ '': 5 });
});
