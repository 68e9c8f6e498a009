import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The real setup program, with programs in front of it that fail as pip can fail. The download itself is not repeated.

const program = fileURLToPath(new URL('../../tools/setup/setup.js', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phalanx-setup-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program that setup finds instead of the machine's. */
function fake(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

function setup(
  environment: Record<string, string>,
  onOutput?: (text: string, pid: number) => void,
  parameters: readonly string[] = [],
) {
  return new Promise<{ code: number | null; output: string; errors: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...parameters], {
      env: { ...process.env, ...environment },
    });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput?.(text, child.pid!);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}

const withFakes = () => ({
  PHALANX_CACHE: join(folder, 'cache'),
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
});
const cached = () => {
  const engines = join(folder, 'cache', 'engine');
  return existsSync(engines) ? readdirSync(engines) : [];
};

describe('setup', () => {
  it('does and says nothing when all is there, in a moment', async () => {
    const first = await setup({});
    expect(first.code, first.errors).toBe(0);
    const started = performance.now();
    expect(await setup({})).toEqual({ code: 0, output: '', errors: '' });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('names all that is missing at once, each with its fix', async () => {
    const { code, errors } = await setup({ PATH: join(folder, 'bin'), PHALANX_CACHE: join(folder, 'cache') });
    expect(code).toBe(1);
    const lines = errors.trim().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['python3', 'g++', 'make']);
    for (const line of lines) expect(line).toMatch(/install/);
  });

  it('names a missing pip', async () => {
    fake('python3', 'exit 1');
    const { code, errors } = await setup(withFakes());
    expect(code).toBe(1);
    expect(errors).toMatch(/^pip is missing from python3 .*\n$/);
  });

  it('says what pip said when the download fails, and leaves nothing behind', async () => {
    fake('python3', 'case "$*" in *download*) echo "ERROR: no route to the index"; exit 1;; esac');
    const { code, errors } = await setup(withFakes());
    expect(code).toBe(1);
    expect(errors).toContain('no route to the index');
    expect(errors).not.toContain('at ');
    expect(cached()).toEqual([]);
  });

  it('refuses a wheel that is not the published one', async () => {
    fake(
      'python3',
      'while [ $# -gt 0 ]; do if [ "$1" = --dest ]; then echo tampered > "$2/tensorflow.whl"; fi; shift; done',
    );
    const { code, errors } = await setup(withFakes());
    expect(code).toBe(1);
    expect(errors).toContain('not the published file');
    expect(cached()).toEqual([]);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    fake('python3', 'case "$*" in *download*) sleep 5;; esac');
    const { code } = await setup(withFakes(), (text, pid) => {
      if (text.includes('Fetching')) setTimeout(() => process.kill(pid, 'SIGINT'), 200);
    });
    expect(code).toBe(130);
    expect(cached()).toEqual([]);
  });

  it('clears what a killed setup left, and takes over its lock', async () => {
    fake('python3', 'case "$*" in *download*) [ -e "$0.once" ] && exit 1; touch "$0.once"; sleep 5;; esac');
    await setup(withFakes(), (text, pid) => {
      if (text.includes('Fetching')) setTimeout(() => process.kill(pid, 'SIGKILL'), 200);
    });
    expect(cached()).toHaveLength(2);
    const { code, output } = await setup(withFakes());
    expect(code).toBe(1);
    expect(output).toContain('Fetching');
    expect(cached()).toEqual([]);
  });

  it('fetches again when a file of the engine was cut short', async () => {
    fake('python3', 'case "$*" in *download*) echo "ERROR: asked again"; exit 1;; esac');
    const engine = join(folder, 'cache', 'engine', 'tensorflow-cpu-2.21.0-linux-x64');
    mkdirSync(engine, { recursive: true });
    writeFileSync(join(engine, 'sizes.json'), '{"libtensorflow_cc.so.2": 10}');
    writeFileSync(join(engine, 'libtensorflow_cc.so.2'), '123');
    const { code, errors } = await setup(withFakes());
    expect(code).toBe(1);
    expect(errors).toContain('asked again');
  });

  it('takes CUDA where there is a driver, and what was asked for before all else, until another is', async () => {
    fake('ldconfig', 'echo "	libcuda.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libcuda.so.1"');
    fake('python3', 'case "$*" in *download*) echo "ERROR: asked"; exit 1;; esac');
    const fetched = async (parameters: string[]) =>
      /Fetching the engine: (\S+?)==/.exec((await setup(withFakes(), undefined, parameters)).output)?.[1];
    expect(await fetched([])).toBe('tensorflow');
    expect(await fetched(['--cpu'])).toBe('tensorflow-cpu');
    // Kept only once the engine is there.
    expect(await fetched([])).toBe('tensorflow');
    writeFileSync(join(folder, 'cache', 'engine', 'choice'), 'cpu\n');
    expect(await fetched([])).toBe('tensorflow-cpu');
    expect(await fetched(['--cuda'])).toBe('tensorflow');
    fake('ldconfig', 'echo nothing');
    rmSync(join(folder, 'cache', 'engine', 'choice'));
    expect(await fetched([])).toBe('tensorflow-cpu');
  });

  it('refuses a choice that it does not know', async () => {
    const { code, errors } = await setup(withFakes(), undefined, ['--rocm']);
    expect(code).toBe(1);
    expect(errors).toMatch(/--rocm.*--cuda.*--cpu/);
  });

  it('says which folder it cannot write to', async () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'file'), join(folder, 'cache'));
    const { code, errors } = await setup(withFakes());
    expect(code).toBe(1);
    expect(errors).toContain('PHALANX_CACHE');
  });
});
