import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { main } from '../../src/cli/main.ts';

export const program = fileURLToPath(new URL('../../bin/phalanx.js', import.meta.url));

export interface Result {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Options of Node itself, before the program. */
  readonly node?: readonly string[];
  /** Called with the process as soon as it runs. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs one command line as a person would. */
export function phalanx(args: readonly string[], { cwd, node = [], onStart }: RunOptions): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...node, program, ...args], {
      cwd,
      env: { ...process.env, MLFLOW_TRACKING_URI: '', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    onStart?.(child);
  });
}

/** Runs one command line in this process, which is quicker; the working directory changes meanwhile. */
export async function phalanxHere(args: readonly string[], cwd: string): Promise<Result> {
  let [out, err] = ['', ''];
  const before = process.cwd();
  const stdout = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => Boolean((out += String(text))));
  const stderr = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => Boolean((err += String(text))));
  process.chdir(cwd);
  try {
    const code = await main(args);
    return { code, out, err };
  } finally {
    process.chdir(before);
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

/** The one JSON document on stdout of a command that succeeded. */
export function json({ code, out, err }: Result): unknown {
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(out) as unknown;
}

/** The one sentence of a command that the person at the keyboard got wrong. */
export function sentence({ code, out, err }: Result): string {
  expect({ code, out, err }).toMatchObject({ code: 1, out: '' });
  const lines = err.trimEnd().split('\n');
  const errors = lines.filter((line) => line.startsWith('error: '));
  expect(errors, err).toHaveLength(1);
  expect(lines.at(-1)).toBe(errors[0]);
  expect(err).not.toMatch(/^\s+at /m);
  return errors[0]!;
}

/** Writes an experiment file below `experiments/`. */
export async function writeDeclaration(folder: string, name: string, declared: unknown): Promise<void> {
  const path = join(folder, 'experiments', `${name}.ts`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `export default ${JSON.stringify(declared, null, 2)};\n`);
}

/** An experiment that trains within seconds on a phantom of 3 people in `data/`. */
export const tiny = {
  data: { root: 'data', imageSize: 64, folds: { count: 3, stratify: 'none' } },
  model: { decoder: { name: 'unet', channels: [16, 16, 16] }, encoder: { name: 'resnet18', depth: 3 } },
  loss: [{ name: 'bce' }, { name: 'dice' }],
  optimizer: { name: 'adamw', learningRate: 1e-3 },
  schedule: { name: 'oneCycle' },
  augmentation: [{ name: 'HorizontalFlip', p: 0.5 }],
  training: {
    length: { steps: 4 },
    batchSize: 2,
    precision: 'float32',
    sampling: { draws: 4, classes: { share: 0.5 }, crop: 48 },
  },
  seed: 1,
} as const;
