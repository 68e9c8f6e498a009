import { spawn, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '3.17.2';

export interface MlflowServer {
  readonly uri: string;
  readonly folder: string;
  stop(): Promise<void>;
}

/** A real MLflow server over SQLite on a free local port; MLflow is installed once into the per-user cache. */
export async function startMlflowServer(
  options: { port?: number; folder?: string } = {},
): Promise<MlflowServer> {
  const mlflow = join(await installMlflow(), 'bin', 'mlflow');
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'phalanx-mlflow-')));
  const port = options.port ?? (await freePort());
  const uri = `http://127.0.0.1:${port}`;
  const server = spawn(
    mlflow,
    [
      ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
      ...['--artifacts-destination', join(folder, 'artifacts')],
    ],
    { cwd: folder, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    // The server forks workers: the whole process group goes.
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
    await exited;
  };
  for (let attempt = 0; attempt < 600; attempt++) {
    const healthy = await fetch(`${uri}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return { uri, folder, stop };
    if (server.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stop();
  throw new Error(`The MLflow server did not start:\n${log}`);
}

async function installMlflow(): Promise<string> {
  const cache =
    process.env['PHALANX_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'phalanx');
  const environment = join(cache, 'peers', `mlflow-${version}`);
  if (existsSync(join(environment, 'installed'))) return environment;
  // pip writes absolute paths, so the environment is made in place and marked when it is whole.
  await rm(environment, { recursive: true, force: true });
  await mkdir(environment, { recursive: true });
  await run('python3', ['-m', 'venv', environment]);
  await run(join(environment, 'bin', 'pip'), ['install', '--quiet', `mlflow==${version}`], {
    maxBuffer: 64 * 1024 * 1024,
  });
  await run('touch', [join(environment, 'installing')]);
  await rename(join(environment, 'installing'), join(environment, 'installed'));
  return environment;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
