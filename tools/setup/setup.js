// `npm run setup`: everything between `npm ci` and the first command. Fetches the engine (TensorFlow's libraries and
// headers) into the per-user cache and builds the native addons. Run again, it finishes what was interrupted, and
// otherwise does nothing.
import { buildAddons } from './addons.js';
import { engineFolder, engineIsComplete, fetchEngine } from './engine.js';
import { missingFromMachine } from './machine.js';
import { SetupError } from './setupError.js';
import { engineVariant } from './variants.js';

async function setup() {
  const variant = engineVariant();
  const folder = engineFolder(variant);
  const ready = engineIsComplete(folder);
  const missing = missingFromMachine({ fetching: !ready });
  if (missing.length > 0) throw new SetupError(missing.join('\n'));
  if (!ready) await fetchEngine(variant, folder);
  await buildAddons(folder);
}

try {
  await setup();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
