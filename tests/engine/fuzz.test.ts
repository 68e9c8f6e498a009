import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('fuzz.process.ts', import.meta.url));

it.each([1, 2])('the addon survives any call (seed %i)', (seed) => {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', program, String(seed), '6000'],
    { encoding: 'utf8' },
  );
  expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
  expect(Number(/refused (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(1000);
});
