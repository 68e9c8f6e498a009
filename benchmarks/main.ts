/** Side-by-side measurements against the peers: `npm run bench -- SUITE`. */
import { resolve } from 'node:path';
import { writeFileAtomic } from '../src/core/atomicFile.ts';
import { messageOf, PhalanxError } from '../src/core/errors.ts';
import { parseArguments, UsageError } from './arguments.ts';
import type { BenchOptions, SuiteName } from './arguments.ts';
import { runDataSuite } from './data/suite.ts';
import { runModelSuite } from './engine/suite.ts';
import { runInferenceSuite } from './inference/suite.ts';
import { runJobSuite } from './job/suite.ts';
import { describeMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { preparePeers } from './peers/environment.ts';
import type { PeerEnvironment } from './peers/environment.ts';
import { markdown, writeResults } from './report.ts';
import type { Results } from './report.ts';

type Suite = (options: BenchOptions, machine: Machine, peers: PeerEnvironment) => Promise<Results>;

const suites: Readonly<Record<SuiteName, Suite>> = {
  engine: (...parts) => runModelSuite('engine', ...parts),
  models: (...parts) => runModelSuite('models', ...parts),
  job: runJobSuite,
  data: runDataSuite,
  inference: runInferenceSuite,
};

try {
  const options = parseArguments(process.argv.slice(2));
  const peers = await preparePeers();
  const machine = await describeMachine(peers.python);
  const results = await suites[options.suite](options, machine, peers);
  process.stdout.write(markdown(results));
  if (options.json !== undefined) {
    await writeFileAtomic(resolve(options.json), `${JSON.stringify(results, null, 2)}\n`);
  }
  // Part of a suite is not what the committed file is to hold.
  if (options.only === undefined) console.error(`Written to ${await writeResults(results)}`);
} catch (error) {
  const known = error instanceof UsageError || error instanceof PhalanxError;
  console.error(known ? messageOf(error) : error);
  process.exitCode = 1;
}
