import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const minimumNode = [20, 20];

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      const path = join(folder || '.', program);
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * What this machine lacks, one sentence each with its fix; empty when all is there. Python is asked for only when
 * the engine still has to be fetched.
 */
export function missingFromMachine({ fetching }) {
  const missing = [];
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < minimumNode[0] || (major === minimumNode[0] && minor < minimumNode[1])) {
    missing.push(
      `Node ${process.versions.node} is too old: install Node ${minimumNode.join('.')} or later (https://nodejs.org).`,
    );
  }
  if (fetching && !onPath('python3')) {
    missing.push(
      'python3 with pip is missing (it only fetches the engine): install it, on Debian and Ubuntu with ' +
        '`apt-get install python3 python3-pip`.',
    );
  } else if (fetching && spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status !== 0) {
    missing.push(
      'pip is missing from python3 (it only fetches the engine): install it, on Debian and Ubuntu with ' +
        '`apt-get install python3-pip`, elsewhere with `python3 -m ensurepip`.',
    );
  }
  for (const program of ['g++', 'make']) {
    if (!onPath(program)) {
      missing.push(
        `${program} is missing: install it, on Debian and Ubuntu with \`apt-get install g++ make\`.`,
      );
    }
  }
  const modules = join(import.meta.dirname, '../../node_modules');
  if (!existsSync(join(modules, 'node-addon-api')) || !existsSync(join(modules, 'node-api-headers'))) {
    missing.push('The npm packages are missing: run `npm ci` (with development dependencies) first.');
  }
  return missing;
}
