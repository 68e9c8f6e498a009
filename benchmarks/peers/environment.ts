import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../tools/setup/engine.js';
import { withLock } from '../../tools/setup/lock.js';

export const requirementsPath = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Python with the peers in it. */
export interface PeerEnvironment {
  readonly python: string;
  /** Where compiled kernels of peers may stay from one run to the next. */
  readonly cache: string;
}

/**
 * Names an environment after what it is made from, so that another pin or another Python makes another one.
 *
 * @param pythonVersion As `python3 --version` says it.
 */
export function environmentKey(requirements: string, pythonVersion: string): string {
  const pins = requirements
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .sort();
  return createHash('sha256')
    .update(JSON.stringify([pins, pythonVersion.trim()]))
    .digest('hex')
    .slice(0, 16);
}

/**
 * The peers' virtual environment in the per-user cache, made on first use (about 6 GB). It is built under another
 * name and gets its own only when whole: an interrupted installation is never used.
 */
export async function preparePeers(): Promise<PeerEnvironment> {
  const requirements = await readFile(requirementsPath, 'utf8');
  const { stdout: version } = await promisify(execFile)('python3', ['--version']);
  const parent = join(cacheFolder(), 'peers');
  const folder = join(parent, environmentKey(requirements, version));
  const environment = { python: join(folder, 'bin/python'), cache: join(folder, 'compiled') };
  await withLock(`${folder}.lock`, 'Waiting for another benchmark that is installing the peers', async () => {
    if (existsSync(folder)) return;
    console.error(`Installing the peers into ${folder} (once; about 6 GB)`);
    const prefix = `.building-${basename(folder)}-`;
    for (const name of await readdir(parent)) {
      // Left behind by one that was killed; nobody else builds this one while the lock is held.
      if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
    }
    const building = await mkdtemp(join(parent, prefix));
    try {
      await command('python3', ['-m', 'venv', building]);
      const quiet = ['--quiet', '--progress-bar', 'off', '--disable-pip-version-check'];
      const pip = ['-m', 'pip', 'install', ...quiet, '-r', requirementsPath];
      await command(join(building, 'bin/python'), pip);
      await command(join(building, 'bin/python'), ['-c', 'import torch, torchvision, albumentations']);
      await rename(building, folder);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  });
  return environment;
}

async function command(program: string, parameters: readonly string[]): Promise<void> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`\`${program} ${parameters.join(' ')}\` ended with exit code ${code}`);
}
