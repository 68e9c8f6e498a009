import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { json, phalanx, phalanxHere, program, sentence, tiny, writeDeclaration } from './phalanx.ts';
import type { Result } from './phalanx.ts';

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'phalanx-cli-'));
  json(
    await phalanx(['data', 'phantom', 'data', '--people', '3', '--test', '1', '--size', '128', '--json'], {
      cwd,
    }),
  );
  await writeDeclaration(cwd, 'tiny', tiny);
  await writeDeclaration(cwd, 'both', { output: 'both', members: [{ run: 'a' }] });
});
afterAll(async () => {
  await rm(cwd, { recursive: true });
});

const run = (line: string): Promise<Result> => phalanx(line.split(' '), { cwd });

describe('help and version', () => {
  test('help lists every command, on stdout', async () => {
    const { code, out, err } = await run('--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const names = [
      'demo',
      'data',
      'augment',
      'train',
      'evaluate',
      'predict',
      'ensemble',
      'submission',
      'model',
      'runs',
    ];
    for (const name of names) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('help of a command lists its options', async () => {
    const [help, flag] = await Promise.all([run('help train'), run('train --help')]);
    expect(help).toEqual(flag);
    for (const option of ['--fold', '--resume', '--set', '--json', '--debug'])
      expect(help.out).toContain(option);
  });

  test('no command at all is answered with help, and is not success', async () => {
    const { code, out, err } = await phalanx([], { cwd });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('Usage: phalanx');
  });

  test('the version is that of the package', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    expect((await run('--version')).out).toBe(`${(JSON.parse(text) as { version: string }).version}\n`);
  });
});

test.each([
  ['trian', /unknown command 'trian' .*train/],
  ['data chek x', /unknown command 'chek' .*check/],
  ['train tiny --flod 1', /unknown option '--flod' .*--fold/],
  ['train', /missing required argument 'experiment'/],
  ['train tiny more', /too many arguments/],
  ['train tiny --set', /argument missing/],
  ['train tiny --fold x', /--fold cannot be used: expected a whole number of at least 0, received "x"/],
  ['train tiny --fold 1e99', /--fold cannot be used/],
  ['train tiny --set seed', /--set option cannot be applied: expected path=value/],
  ['train tiny --set sed=1', /sed is not a setting \(did you mean seed\?\)/],
  [
    'train tiny --set model.encoder.name=resnet81',
    /must be one of .* but is "resnet81" \(did you mean resnet18\?\)/,
  ],
  ['train nope', /no such experiment file.*experiments\/nope.ts/],
  [
    'train both',
    /declares something else .*\(experiments\/both.ts\): expected an experiment, received an ensemble/,
  ],
  ['ensemble tiny', /expected an ensemble, received an experiment/],
  ['predict a --split x', /--split cannot be used: expected one of test, val, received "x"/],
  ['runs show x', /no such run/],
  ['data check nope', /cannot be read \(nope\)/],
  ['submission check none.csv --data data', /could not be read \(none.csv\)/],
  ['submission check none.csv', /required option '--data <dir>'/],
  ['submission vote none.csv --out v.csv --weights 1,x', /weights cannot be read/],
  [
    'model summary --decoder unet --encoder resnet81',
    /no encoder called "resnet81" \(did you mean resnet18\?\)/,
  ],
  ['model summary --decoder unet3d --encoder resnet18', /unknown option encoder/],
  ['model summary --decoder unet3d --set decoder.fmaps=8', /did you mean fMaps\?/],
  ['model export', /required option '--out <path>'/],
  ['model export --out w.safetensors', /A run is missing/],
  ['model export a --out w.safetensors --weights w', /A run and --weights are two models/],
  ['model export a --out w.onnx --decoder unet', /A run and --decoder are two models/],
  ['model export a --out w.safetensors --size 64', /for images of any size.*Leave out --size/],
  ['model export a --out w.onnx --encoder-only', /An encoder alone is written as .safetensors only/],
  ['model export a --out w.safetensors', /no such run/],
  ['model export --out w.onnx --weights w --decoder unet', /The model to export is not told/],
  ['model export --out w.onnx --size 0x9', /--size cannot be used: expected height and width/],
  [
    'model export --out w --format tflite',
    /--format cannot be used: expected one of safetensors, onnx, savedmodel/,
  ],
  [
    'model export --out w.onnx --weights w --size 64 --decoder unet3d',
    /unet3d is a network for volumes, and this takes images/,
  ],
  [
    'model export --out w.onnx --weights none.safetensors --size 64 --decoder unet --encoder resnet18',
    /cannot be opened \(none.safetensors/,
  ],
  ['augment apply --transform {"name" --image x.png --out y.png', /--transform cannot be read/],
  ['augment apply --transform {"name":"Rotat"} --image x.png --out y.png', /did you mean "Rotate"/],
])('%s: exit 1 and one sentence', async (line, message) => {
  expect(sentence(await phalanxHere(line.split(' '), cwd))).toMatch(message);
});

test('the process exits with what the command line returned', async () => {
  const [spawned, here] = await Promise.all([run('data chek x'), phalanxHere(['data', 'chek', 'x'], cwd)]);
  expect(spawned).toEqual(here);
});

describe('an error', () => {
  test('has a stack trace with --debug and none without', async () => {
    const [plain, debug] = await Promise.all([run('runs show x'), run('runs show x --debug')]);
    expect(debug).toMatchObject({ code: 1, out: '' });
    expect(debug.err.startsWith(plain.err)).toBe(true);
    expect(debug.err).toMatch(/^\s+at /m);
  });

  test('that is no fault of the person at the keyboard exits with 2, and says so', async () => {
    const broken = 'Number.isSafeInteger = () => { throw new TypeError("deliberately broken"); };';
    const node = ['--import', `data:text/javascript,${encodeURIComponent(broken)}`];
    const args = ['train', 'tiny', '--fold', '1'];
    const [plain, debug] = await Promise.all([
      phalanx(args, { cwd, node }),
      phalanx([...args, '--debug'], { cwd, node }),
    ]);
    expect(plain).toEqual({
      code: 2,
      out: '',
      err: 'internal error: deliberately broken\nThis is a defect of Phalanx; --debug shows where.\n',
    });
    expect(debug.code).toBe(2);
    expect(debug.err).toMatch(/^\s+at /m);
  });
});

test('a reader that closes early, such as head, is no error', async () => {
  const child = spawn(
    process.execPath,
    [program, 'model', 'summary', '--decoder', 'unet', '--encoder', 'resnet50'],
    { cwd },
  );
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

describe('--json', () => {
  test.each([
    ['data check data --json', { defects: [], images: { train: 6, test: 2 } }],
    ['runs list --json', []],
    ['model list --json', { encoders: expect.any(Array) as unknown }],
    [
      'model summary --decoder unet --encoder resnet18 --size 64 --json',
      { parameters: expect.any(Number) as unknown },
    ],
    ['data prepare tiny --json', { images: 8, width: 64, height: 64 }],
    ['augment preview tiny --out sheets --json', { path: 'sheets/tiny.png' }],
    ['data analyze data --out reports --json', { report: 'reports/dataset.html' }],
  ])('%s prints one document on stdout and nothing else anywhere', async (line, expected) => {
    const result = await run(line);
    expect(result.err).toBe('');
    expect(json(result)).toMatchObject(expected);
  });

  test('stdout stays empty when a command fails', async () => {
    expect(sentence(await run('runs show x --json'))).toContain('no such run');
  });
});

/** Logs what native code and which TensorFlow packages a process has loaded when it exits. */
const watch = `
  import Module from 'node:module';
  const opened = [];
  const { dlopen } = process;
  process.dlopen = (module, path, ...rest) => { opened.push(path); return dlopen.call(process, module, path, ...rest); };
  process.on('exit', () => {
    const packages = Object.keys(Module._cache).filter((path) => path.includes('tfjs-node'));
    process.stderr.write(JSON.stringify([...opened, ...packages].filter((path) => /engine\\.node|tfjs-node/.test(path))) + '\\n');
  });`;

describe('TensorFlow', () => {
  const node = ['--import', `data:text/javascript,${encodeURIComponent(watch)}`];
  const loaded = async (line: string): Promise<string[]> => {
    const { err } = await phalanx(line.split(' '), { cwd, node });
    return JSON.parse(err.trimEnd().split('\n').at(-1)!) as string[];
  };

  test('is loaded by a command that computes', async () => {
    const paths = await loaded('model summary --decoder unet --encoder resnet18 --size 64');
    expect(paths.some((path) => path.endsWith('engine.node'))).toBe(true);
  });

  test.each([
    '--help',
    'runs list',
    'data check data',
    'data prepare tiny',
    'submission check none.csv --data data',
    'train tiny --set sed=1',
  ])('is not loaded by: %s', async (line) => {
    expect(await loaded(line)).toEqual([]);
  });
});
