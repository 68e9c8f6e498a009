import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PhalanxError } from '../core/errors.ts';

// PHALANX_NATIVE: another build of the addons, such as the sanitized one.
const path = join(
  process.env['PHALANX_NATIVE'] ?? fileURLToPath(new URL('../../build/native', import.meta.url)),
  'pixels.node',
);

let addon: object | undefined;

/**
 * The addon with the pixel kernels (`native/pixels/`), seen through the functions that the caller uses: each family
 * of kernels declares its own interface beside its TypeScript twin.
 *
 * Kernels run off the JavaScript thread and resolve a promise. They check sizes and types of what they are given and
 * throw; they cannot see a buffer being transferred or written to while they run, so do neither.
 *
 * @throws PhalanxError `native/missing` when the addon has not been built, `native/broken` when it does not load.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names what it uses
export function nativePixels<Kernels extends object>(): Kernels {
  addon ??= load();
  return addon as Kernels;
}

function load(): object {
  const fix = 'Run `npm run setup`';
  if (!existsSync(path)) {
    throw new PhalanxError('native/missing', {
      what: 'The pixel kernels have not been built',
      where: path,
      fix,
    });
  }
  try {
    return createRequire(import.meta.url)(path) as object;
  } catch (cause) {
    throw new PhalanxError(
      'native/broken',
      { what: 'The pixel kernels do not load on this machine', where: path, fix },
      { cause },
    );
  }
}
