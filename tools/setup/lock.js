import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process runs under the same lock file; a lock whose process is gone is taken over.
 * A lock held on another machine (a shared home folder) is not waited for: what is done under it is atomic anyway.
 */
export async function withLock(path, waiting, work) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${process.pid} ${hostname()}`;
  for (let told = false; !take(path, mine);) {
    const [pid, host] = readLock(path);
    if (pid === undefined || host !== hostname() || !isAlive(pid)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) console.log(`${waiting} (process ${pid})`);
    told = true;
    await sleep(200);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path) {
  try {
    const [pid, host] = readFileSync(path, 'utf8').split(' ');
    return [Number(pid), host];
  } catch {
    return [undefined, undefined];
  }
}

/** True while a process of this number runs on this machine. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
