import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './engine.js';
import { SetupError } from './setupError.js';
import { hasNvidiaDriver } from './variants.js';

const usage = 'Use `npm run setup`, `npm run setup -- --cuda` or `npm run setup -- --cpu`.';

const file = () => join(cacheFolder(), 'engine', 'choice');

/**
 * Which engine to set up, `cpu` or `cuda`: what the command line asks for, else what it asked for last time, else
 * `cuda` where there is an NVIDIA driver.
 *
 * @param {readonly string[]} parameters of the command line
 * @returns {{ kind: 'cpu' | 'cuda', asked: boolean, found: boolean }} `found`: chosen because of a driver
 */
export function chooseEngine(parameters) {
  const asked = parameters.map((parameter) => {
    if (parameter === '--cuda' || parameter === '--cpu') return parameter.slice(2);
    throw new SetupError(`Setup does not know ${parameter}. ${usage}`);
  });
  if (asked.length > 1) throw new SetupError(`Setup takes one choice of engine. ${usage}`);
  if (asked.length === 1) return { kind: asked[0], asked: true, found: false };
  const kept = remembered();
  if (kept !== undefined) return { kind: kept, asked: false, found: false };
  const found = hasNvidiaDriver();
  return { kind: found ? 'cuda' : 'cpu', asked: false, found };
}

/** Keeps what was asked for, for the next setup of any checkout of this user. */
export function rememberEngine(kind) {
  mkdirSync(join(cacheFolder(), 'engine'), { recursive: true });
  writeFileSync(file(), `${kind}\n`);
}

function remembered() {
  try {
    const kind = readFileSync(file(), 'utf8').trim();
    return kind === 'cpu' || kind === 'cuda' ? kind : undefined;
  } catch {
    return undefined;
  }
}
