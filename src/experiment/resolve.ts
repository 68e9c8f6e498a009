import { relative } from 'node:path';
import { PhalanxError } from '../core/errors.ts';
import { parseModel } from '../models/modelSchema.ts';
import type { ModelConfig } from '../models/modelSchema.ts';
import { loadDeclaration } from './loadFile.ts';
import type { DeclarationFile } from './loadFile.ts';
import { applyOverrides } from './overrides.ts';
import { ensembleSchema, experimentSchema } from './schema.ts';
import type { Ensemble, Experiment } from './schema.ts';
import { parseDeclared } from './validate.ts';

/** A declaration that has been validated, with the file it came from. */
export interface Resolved<Config> {
  readonly name: string;
  readonly path: string;
  readonly config: Config;
}

/**
 * Loads and validates an experiment.
 *
 * @param settings `path=value` overrides.
 * @throws PhalanxError `experiment/*`: the file or its settings, each wrong one by its path.
 */
export async function resolveExperiment(
  reference: string,
  settings: readonly string[] = [],
): Promise<Resolved<Experiment>> {
  const file = await loadDeclaration(reference);
  refuse(file, 'members', 'an experiment', 'an ensemble');
  return resolved(
    file,
    parseDeclared(experimentSchema, applyOverrides(file.declared, settings), place(file)),
  );
}

/** Loads and validates an ensemble; see `resolveExperiment`. */
export async function resolveEnsemble(
  reference: string,
  settings: readonly string[] = [],
): Promise<Resolved<Ensemble>> {
  const file = await loadDeclaration(reference);
  refuse(file, 'model', 'an ensemble', 'an experiment');
  return resolved(file, parseDeclared(ensembleSchema, applyOverrides(file.declared, settings), place(file)));
}

/** The model that an experiment trains on these classes. */
export function modelConfig({ model, data }: Experiment, classes: number, where: string): ModelConfig {
  const { decoder, encoder } = model;
  return parseModel({ decoder, encoder, inChannels: data.channels, classes }, where);
}

function resolved<Config>({ name, path }: DeclarationFile, config: Config): Resolved<Config> {
  return { name, path, config };
}

/** Tells the two kinds of files apart before each of their settings is called wrong. */
function refuse(file: DeclarationFile, mark: string, expected: string, received: string): void {
  const { declared } = file;
  if (typeof declared !== 'object' || declared === null || !Object.hasOwn(declared, mark)) return;
  throw new PhalanxError('experiment/other-kind', {
    what: 'The file declares something else than the command needs',
    where: place(file),
    expected,
    received,
  });
}

function place({ path }: DeclarationFile): string {
  return relative(process.cwd(), path);
}
