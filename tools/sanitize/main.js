// `npm run sanitize [-- TEST …]`: builds the addons under AddressSanitizer and UndefinedBehaviorSanitizer and runs the
// tests that reach them (or those named). Fails on a failed test and on any report of a sanitizer.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { chooseEngine } from '../setup/choice.js';
import { engineFolder } from '../setup/engine.js';
import { engineVariant } from '../setup/variants.js';

const root = join(import.meta.dirname, '../..');
const build = join(root, 'build/sanitized');
const reports = join(build, 'reports');

const flags = [
  '-fsanitize=address,undefined',
  // TensorFlow's classes come without the type information that the first check compares. The others forbid what its
  // headers need: that the address of a function is a constant. AddressSanitizer sees null pointers too.
  '-fno-sanitize=vptr,null,nonnull-attribute,returns-nonnull-attribute',
  // The first report of undefined behaviour ends the process, and so fails the test, whoever reads its output.
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g',
];

/** All that reaches the addons but setup's own tests, which run none of their code. */
const defaultTests = [
  'tests/engine/adam.test.ts',
  'tests/engine/batchNormFused.test.ts',
  'tests/engine/compile.test.ts',
  'tests/engine/exciteChannels.test.ts',
  'tests/engine/exit.test.ts',
  'tests/engine/filterGradient.test.ts',
  'tests/engine/fuzz.test.ts',
  'tests/engine/goldens.test.ts',
  'tests/engine/labelSums.test.ts',
  'tests/engine/mixedPrecision.test.ts',
  'tests/engine/robust.test.ts',
  'tests/engine/traceErrors.test.ts',
  'tests/engine/unpackLabels.test.ts',
  'tests/engine/upsampleConcat.test.ts',
  'tests/labels',
  'tests/pixels',
];

const variant = engineVariant(chooseEngine([]).kind);
const engine = join(engineFolder(variant), variant.home);
execFileSync(
  'make',
  [
    '--no-print-directory',
    `--jobs=${availableParallelism()}`,
    '-C',
    join(root, 'native'),
    'pixels',
    'engine',
    `ENGINE=${engine}`,
    `BUILD=${build}`,
    `EXTRA=${flags.join(' ')}`,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
// Node is not instrumented, so the runtimes must be there before anything else; with the C++ library, whose exceptions
// they intercept.
const preloaded = ['libasan.so', 'libubsan.so', 'libstdc++.so.6'].map((library) =>
  realpathSync(execFileSync('g++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim()),
);
const log = `log_path=${join(reports, 'report')}`;
const tests = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--testTimeout=300000',
    ...(process.argv.length > 2 ? process.argv.slice(2) : defaultTests),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PHALANX_NATIVE: build,
      LD_PRELOAD: preloaded.join(':'),
      // Node and TensorFlow leave memory to the end of the process.
      ASAN_OPTIONS: `detect_leaks=0:detect_odr_violation=0:allocator_may_return_null=1:${log}`,
      UBSAN_OPTIONS: `print_stacktrace=1:${log}`,
    },
  },
);
const found = readdirSync(reports);
for (const name of found) console.error(readFileSync(join(reports, name), 'utf8'));
if (found.length > 0) console.log(`${found.length} reports.`);
else if (tests.status === 0) console.log('The sanitizers have nothing to report.');
// UndefinedBehaviorSanitizer writes to the process that it ends.
else console.log('The tests failed; a report, if that is why, stands above.');
process.exitCode = tests.status === 0 && found.length === 0 ? 0 : 1;
