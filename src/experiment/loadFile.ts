import { access } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PhalanxError, messageOf } from '../core/errors.ts';
import { plainData } from './plainData.ts';

/** A declaration file that has been run, not yet validated. */
export interface DeclarationFile {
  /** Path below `experiments/` without the extension, such as `hand-bone/unet-resnet34-512`. */
  readonly name: string;
  readonly path: string;
  readonly declared: unknown;
}

/**
 * Imports the default export of an experiment or ensemble file. `hand-bone/unet`, `experiments/hand-bone/unet.ts`
 * and absolute paths all name the same file.
 *
 * @throws PhalanxError `experiment/missing`, `experiment/load` (the file cannot be run),
 * `experiment/no-default-export` or `experiment/not-data`.
 */
export async function loadDeclaration(reference: string, root = process.cwd()): Promise<DeclarationFile> {
  const candidates = [reference, `${reference}.ts`, `experiments/${reference}`, `experiments/${reference}.ts`]
    .filter((candidate) => candidate.endsWith('.ts'))
    .map((candidate) => resolve(root, candidate));
  let path: string | undefined;
  for (const candidate of candidates) {
    if (path === undefined && (await exists(candidate))) path = candidate;
  }
  if (path === undefined) {
    throw new PhalanxError('experiment/missing', {
      what: 'There is no such experiment file',
      expected: `one of ${candidates.map((candidate) => relative(root, candidate)).join(', ')}`,
      received: JSON.stringify(reference),
      fix: 'See experiments/ for those that exist',
    });
  }
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    if (cause instanceof PhalanxError) throw cause;
    throw new PhalanxError(
      'experiment/load',
      { what: 'The experiment file cannot be run', where: relative(root, path), received: messageOf(cause) },
      { cause },
    );
  }
  const exported = module.default;
  // A CommonJS interpretation of the file nests the default export once more.
  const nested = typeof exported === 'object' && exported !== null && '__esModule' in exported;
  const declared = nested ? (exported as { default?: unknown }).default : exported;
  if (declared === undefined) {
    throw new PhalanxError('experiment/no-default-export', {
      what: 'The file declares nothing',
      where: relative(root, path),
      expected: 'export default defineExperiment({...}) or defineEnsemble({...})',
      received: 'no default export',
    });
  }
  return { name: declarationName(path, root), path, declared: plainData(declared, relative(root, path)) };
}

function declarationName(path: string, root: string): string {
  const below = relative(resolve(root, 'experiments'), path);
  const outside = below.startsWith('..') || isAbsolute(below);
  const named = outside ? (path.split(sep).at(-1) ?? path) : below;
  return named.replace(/\.ts$/, '').split(sep).join('/');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
