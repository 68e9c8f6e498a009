import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { withLock } from './lock.js';
import { run } from './run.js';
import { SetupError } from './setupError.js';

const root = join(import.meta.dirname, '../..');

function hasSources(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.cc'));
}

/** Brings `build/native` up to date with the sources, the compile commands and the engine; make decides what to do. */
export async function buildAddons(engine) {
  const native = join(root, 'native');
  const goals = [
    ...(hasSources(join(native, 'pixels')) ? ['pixels'] : []),
    ...(hasSources(join(native, 'tensorflow')) ? ['engine'] : []),
  ];
  if (goals.length === 0) return;
  const command = ['--no-print-directory', '-C', native, ...goals, `ENGINE=${engine}`];
  const lock = join(root, 'build', 'native.lock');
  await withLock(lock, 'Waiting for another setup that is building the addons', async () => {
    let told = false;
    const tell = () => {
      if (!told) console.log('Building the native addons');
      told = true;
    };
    // make prints a line only for what it compiles or links.
    const { code, output } = await run(
      'make',
      [`--jobs=${availableParallelism()}`, ...command],
      {},
      (text) => {
        if (text.includes('g++')) tell();
      },
    );
    if (code === 0) return;
    const errors = output.split('\n').filter((line) => /\b(error|Error)\b/.test(line));
    throw new SetupError(
      [
        `The native addons could not be built: run \`make -C native ${goals.join(' ')} ENGINE=${engine}\` to see all of it.`,
        ...errors.slice(0, 10),
      ].join('\n'),
    );
  });
}
