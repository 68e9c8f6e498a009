// `npm run setup`: everything between `npm ci` and the first command. Fetches the engine (TensorFlow's libraries and
// headers) into the per-user cache and builds the native addons. Run again, it finishes what was interrupted, and
// otherwise does nothing. `--cuda` and `--cpu` choose the engine, and the choice is kept; without one it is CUDA's
// where there is an NVIDIA driver.
import { join } from 'node:path';
import { buildAddons } from './addons.js';
import { chooseEngine, rememberEngine } from './choice.js';
import { engineFolder, engineIsComplete, fetchEngine } from './engine.js';
import { missingFromMachine } from './machine.js';
import { SetupError } from './setupError.js';
import { engineVariant } from './variants.js';

async function setup() {
  const { kind, asked, found } = chooseEngine(process.argv.slice(2));
  const variant = engineVariant(kind);
  const folder = engineFolder(variant);
  const ready = engineIsComplete(folder);
  const missing = missingFromMachine({ fetching: !ready });
  if (missing.length > 0) throw new SetupError(missing.join('\n'));
  if (found && !ready) {
    console.log('Found an NVIDIA driver (`npm run setup -- --cpu` takes the engine without CUDA instead)');
  }
  if (!ready) await fetchEngine(variant, folder);
  if (asked) rememberEngine(kind);
  await buildAddons(join(folder, variant.home));
}

try {
  await setup();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
