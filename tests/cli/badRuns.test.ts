import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, phalanxHere, sentence, tiny, writeDeclaration } from './phalanx.ts';

let cwd: string;
const submission = 'submissions/ens.csv';

const phalanx = (...args: string[]) => phalanxHere(args, cwd);

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-bad-runs-'));
  const options = ['--people', '3', '--test', '1', '--size', '128', '--json'];
  expect((await phalanx('data', 'phantom', 'data', ...options)).code).toBe(0);
  await writeDeclaration(cwd, 'tiny', { ...tiny, training: { ...tiny.training, length: { steps: 2 } } });
  await writeDeclaration(cwd, 'ens', {
    output: 'ens',
    members: [{ run: 'first' }],
    tta: 'none',
  });
  json(await phalanx('train', 'tiny', '--id', 'first', '--json'));
  json(await phalanx('ensemble', 'ens', '--json'));
  await cp(join(cwd, 'runs'), join(cwd, 'whole'), { recursive: true });
});
beforeEach(async () => {
  await rm(join(cwd, 'runs'), { recursive: true });
  await cp(join(cwd, 'whole'), join(cwd, 'runs'), { recursive: true });
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

const file = (name: string): string => join(cwd, 'runs/tiny/fold0/first', name);

describe('runs', () => {
  test('a name that exists is refused, and the run that has it is left as it was', async () => {
    const before = await readFile(file('run.json'), 'utf8');
    expect(sentence(await phalanx('train', 'tiny', '--id', 'first', '--json'))).toMatch(
      /run of this name exists \(runs\/tiny\/fold0\/first.*--resume.*--id/,
    );
    expect(await readFile(file('run.json'), 'utf8')).toBe(before);
    expect(existsSync(file('checkpoints/best.safetensors'))).toBe(true);
  });

  test('a name that would leave the folder of runs is refused', async () => {
    expect(sentence(await phalanx('train', 'tiny', '--id', '../../../evil', '--json'))).toMatch(
      /cannot have this name/,
    );
  });

  test('weights of another model are refused with the keys that differ', async () => {
    const weights = `model.weights=${file('checkpoints/best.safetensors')}`;
    const other = await phalanx(
      'train',
      'tiny',
      '--json',
      '--set',
      weights,
      '--set',
      'model.encoder.name=resnet34',
    );
    expect(sentence(other)).toMatch(
      /weights do not fit the model.*best.safetensors.*missing: encoder.layer1.2.conv1/,
    );
    const channels = await phalanx('train', 'tiny', '--json', '--set', weights, '--set', 'data.channels=1');
    expect(sentence(channels)).toMatch(/encoder.conv1.weight is \[64, 3, 7, 7\] instead of \[64, 1, 7, 7\]/);
  });

  test.each([
    ['nothing', undefined, /cannot be opened \(weights.safetensors/],
    ['another kind', 'not weights', /not a valid .safetensors file \(weights.safetensors/],
  ])('weights that are %s are named', async (_, content, message) => {
    const path = join(cwd, 'weights.safetensors');
    await (content === undefined ? rm(path, { force: true }) : writeFile(path, content));
    expect(
      sentence(await phalanx('train', 'tiny', '--json', '--set', 'model.weights=weights.safetensors')),
    ).toMatch(message);
  });

  test('a truncated checkpoint is named', async () => {
    const path = file('checkpoints/best.safetensors');
    await writeFile(path, (await readFile(path)).subarray(0, 100_000));
    await rm(file('predictions'), { recursive: true });
    expect(sentence(await phalanx('predict', 'first', '--json'))).toContain(path);
  });

  test('a run without weights says how to get some', async () => {
    await rm(file('checkpoints'), { recursive: true });
    expect(sentence(await phalanx('predict', 'first', '--json'))).toMatch(/no weights.*--resume/);
  });

  test.each([
    ['config.json', '{', 'predict'],
    ['config.json', '{', 'runs show'],
    ['environment.json', undefined, 'runs show'],
    ['config.json', '{"data": 5}', 'evaluate'],
    ['run.json', '{}', 'runs list'],
  ])('%s with %j is named by %s', async (name, content, command) => {
    await (content === undefined ? rm(file(name)) : writeFile(file(name), content));
    const reference = command === 'runs list' ? [] : ['first'];
    expect(sentence(await phalanx(...command.split(' '), ...reference, '--json'))).toContain(
      name === 'run.json' ? join(cwd, 'runs/tiny/fold0/first') : file(name),
    );
  });

  test('a dataset that moved is named', async () => {
    expect(sentence(await phalanx('evaluate', 'first', '--data', 'moved', '--json'))).toMatch(
      /cannot be read \(moved\)/,
    );
  });
});

describe('ensembles', () => {
  test('a member that was never trained is named', async () => {
    const members = 'members=[{"run":"never"}]';
    expect(sentence(await phalanx('ensemble', 'ens', '--set', members, '--json'))).toMatch(
      /no such run.*"never"/,
    );
  });

  test('a submission that exists is kept unless asked', async () => {
    const before = await readFile(join(cwd, submission));
    expect(sentence(await phalanx('ensemble', 'ens', '--json'))).toMatch(
      /exists already \(submissions\/ens.csv/,
    );
    expect(await readFile(join(cwd, submission))).toEqual(before);
    expect(json(await phalanx('ensemble', 'ens', '--force', '--json'))).toMatchObject({
      path: submission,
    });
  });

  test('a threshold of an unknown class is refused with the nearest', async () => {
    const args = ['--set', 'threshold={"Radus":0.4}', '--force', '--json'];
    expect(sentence(await phalanx('ensemble', 'ens', ...args))).toMatch(/threshold.Radus.*perhaps Radius/);
  });
});

describe('submissions', () => {
  const rows = async (): Promise<string[]> =>
    (await readFile(join(cwd, submission), 'utf8')).trimEnd().split('\n');
  const cases: readonly (readonly [string, (lines: string[]) => string[], RegExp])[] = [
    ['a missing row', (lines) => lines.slice(0, -1), /57 rows where 58 belong/],
    ['a duplicate row', (lines) => [...lines, lines[1]!], /59 rows where 58 belong/],
    [
      'a malformed mask',
      (lines) => lines.map((line, i) => (i === 2 ? line.replace(/,[^,]*$/, ',5 x 7') : line)),
      /bad.csv:3 .*digit/,
    ],
    [
      'runs that overlap',
      (lines) => lines.map((line, i) => (i === 2 ? line.replace(/,[^,]*$/, ',5 10 7 2') : line)),
      /bad.csv:3/,
    ],
    [
      'a run past the end of the image',
      (lines) => lines.map((line, i) => (i === 2 ? line.replace(/,[^,]*$/, ',16384 9') : line)),
      /bad.csv:3/,
    ],
    ['an unknown class', (lines) => lines.map((line) => line.replace(',Ulna,', ',Ulan,')), /Ulan/],
    ['another header', (lines) => ['a,b,c', ...lines.slice(1)], /header/],
    ['nothing', () => [], /0 rows where 58 belong/],
  ];
  test.each(cases)('%s is listed by check and refused by score', async (_, change, message) => {
    const text = change(await rows()).join('\n');
    await writeFile(join(cwd, 'bad.csv'), text === '' ? '' : `${text}\n`);
    const check = await phalanx('submission', 'check', 'bad.csv', '--data', 'data');
    expect(check.code).toBe(1);
    expect(check.out).toMatch(message);
    expect(check.err).toMatch(/^error: The submission has defects .* \(bad.csv\)/);
    expect(sentence(await phalanx('submission', 'score', 'bad.csv', '--data', 'data', '--json'))).toContain(
      'bad.csv',
    );
  });

  test('a vote is never written over a file unless asked', async () => {
    await writeFile(join(cwd, 'vote.csv'), 'precious');
    const args = ['submission', 'vote', submission, submission, '--out', 'vote.csv', '--json'];
    expect(sentence(await phalanx(...args))).toMatch(/exists already \(vote.csv\)/);
    expect(await readFile(join(cwd, 'vote.csv'), 'utf8')).toBe('precious');
    expect(json(await phalanx(...args, '--force'))).toMatchObject({ rows: 58 });
    expect((await readdir(cwd)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
});
