import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isAlive, withLock } from './lock.js';
import { run } from './run.js';
import { SetupError } from './setupError.js';

/** The per-user cache: `$PHALANX_CACHE`, else `$XDG_CACHE_HOME/phalanx`, else `~/.cache/phalanx`. */
export function cacheFolder(environment = process.env) {
  if (environment.PHALANX_CACHE) return environment.PHALANX_CACHE;
  return join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache'), 'phalanx');
}

/** Where a variant's libraries and headers live once fetched. */
export function engineFolder(variant, environment = process.env) {
  return join(cacheFolder(environment), 'engine', variant.name);
}

/** True when every file of the engine is there with its right size. */
export function engineIsComplete(folder) {
  try {
    const sizes = JSON.parse(readFileSync(join(folder, 'sizes.json'), 'utf8'));
    return Object.entries(sizes).every(([path, size]) => statSync(join(folder, path)).size === size);
  } catch {
    return false;
  }
}

/** Downloads a variant's wheels and unpacks them, so that `folder` is either complete or not there at all. */
export async function fetchEngine(variant, folder) {
  const parent = dirname(folder);
  try {
    await withLock(`${folder}.lock`, 'Waiting for another setup that is fetching the engine', async () => {
      if (engineIsComplete(folder)) return;
      removeAbandoned(parent);
      const temporary = mkdtempSync(join(parent, `.fetch-${process.pid}-${hostname()}-`));
      const remove = () => rmSync(temporary, { recursive: true, force: true });
      const interrupted = () => process.exit(130);
      process.once('exit', remove).once('SIGINT', interrupted).once('SIGTERM', interrupted);
      try {
        needsSpace(variant, temporary);
        const wheels = await download(variant, temporary);
        const unpacked = join(temporary, variant.name);
        mkdirSync(unpacked);
        await unpack(variant, wheels, unpacked);
        publish(unpacked, folder, temporary);
      } finally {
        process.off('exit', remove).off('SIGINT', interrupted).off('SIGTERM', interrupted);
        remove();
      }
    });
  } catch (error) {
    if (error instanceof SetupError) throw error;
    if (error.code === 'ENOSPC') throw diskIsFull(variant, parent);
    if (typeof error.code !== 'string') throw error;
    throw new SetupError(
      `The engine could not be written to ${parent} (${error.code}): make that folder writable, or name another ` +
        'one in the environment variable PHALANX_CACHE.',
    );
  }
}

/** Asked for before anything is downloaded: the wheels and what is unpacked from them lie side by side for a while. */
function needsSpace(variant, folder) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < (variant.gigabytes + variant.megabytes / 1000) * 1e9)
    throw diskIsFull(variant, folder);
}

async function download(variant, folder) {
  const { wheels, platforms, python, megabytes, gigabytes } = variant;
  const [main] = wheels[0];
  const more = wheels.length > 1 ? ` with CUDA's libraries` : '';
  const size = megabytes < 1000 ? `${megabytes} MB` : `${(megabytes / 1000).toFixed(1)} GB`;
  const time = megabytes < 1000 ? '' : '; some minutes on most connections';
  console.log(`Fetching the engine: ${main}${more} (${size}, ${gigabytes} GB unpacked${time})`);
  const requirements = join(folder, 'requirements.txt');
  const pinned = wheels.map(([requirement, sha256]) => `${requirement} --hash=sha256:${sha256}\n`);
  writeFileSync(requirements, pinned.join(''));
  const choice = ['--only-binary=:all:', '--python-version', python];
  const quiet = ['--quiet', '--progress-bar', 'off', '--disable-pip-version-check', '--no-cache-dir'];
  const { code, output } = await run(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--require-hashes',
      ...choice,
      ...platforms.flatMap((platform) => ['--platform', platform]),
      ...quiet,
      '--dest',
      folder,
      '-r',
      requirements,
    ],
    // pip unpacks what it needs beside the wheel, not on a small /tmp.
    { env: { ...process.env, TMPDIR: folder } },
  );
  if (code !== 0) {
    if (output.includes('No space left')) throw diskIsFull(variant, folder);
    const reason = output
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('ERROR'))
      .at(-1);
    throw new SetupError(
      `The engine could not be downloaded with pip: check the connection to the Python package index and run ` +
        `\`npm run setup\` again.${reason === undefined ? '' : ` pip said: ${reason}`}`,
    );
  }
  return publishedWheels(variant, folder);
}

/** The downloaded wheels, every one of them compared with its hash. */
async function publishedWheels({ wheels }, folder) {
  const missing = new Set(wheels.map(([, sha256]) => sha256));
  const paths = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.whl'))) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(folder, name)), hash);
    if (!missing.delete(hash.digest('hex'))) {
      throw new SetupError(`The downloaded ${name} is not the published file: run \`npm run setup\` again.`);
    }
    paths.push(join(folder, name));
  }
  if (missing.size === 0) return paths;
  throw new SetupError(
    `pip downloaded ${paths.length} of ${wheels.length} wheels: run \`npm run setup\` again.`,
  );
}

async function unpack(variant, wheels, folder) {
  console.log('Unpacking the engine');
  const program = join(import.meta.dirname, 'unpack.py');
  const { code, output } = await run('python3', [program, folder, variant.home, ...wheels]);
  if (code !== 0) {
    if (output.includes('No space left')) throw diskIsFull(variant, folder);
    throw new SetupError(`The engine could not be unpacked: ${output.trim().split('\n').at(-1)}.`);
  }
  const sizes = JSON.parse(readFileSync(join(folder, 'sizes.json'), 'utf8'));
  const absent = variant.libraries.filter((library) => !(join(variant.home, library) in sizes));
  if (absent.length > 0) throw new SetupError(`The wheel lacks ${absent.join(' and ')}.`);
}

/** Puts the complete folder in its place in one step; a damaged earlier one is moved out of the way first. */
function publish(unpacked, folder, temporary) {
  syncFolder(unpacked);
  try {
    renameSync(folder, join(temporary, `damaged-${basename(folder)}`));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    // Another machine that shares this folder was faster.
    if (!engineIsComplete(folder)) throw error;
  }
  syncFolder(dirname(folder));
}

function syncFolder(folder) {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Removes what killed setups left behind on this machine. */
function removeAbandoned(parent) {
  for (const name of readdirSync(parent)) {
    const match = /^\.fetch-(\d+)-(.+)-[^-]+$/.exec(name);
    if (match?.[2] === hostname() && !isAlive(Number(match[1]))) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

function diskIsFull({ gigabytes, megabytes }, folder) {
  const unpacking = (gigabytes + megabytes / 1000).toFixed(1);
  return new SetupError(
    `The disk is full: the engine needs ${unpacking} GB while it is unpacked and ${gigabytes} GB after that, under ` +
      `${folder}; free some space, or name another place in the environment variable PHALANX_CACHE.`,
  );
}
