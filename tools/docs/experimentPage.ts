import { compositions } from '../../src/augment/spec.ts';
import { registry } from '../../src/augment/registry.ts';
import { ensembleSchema, experimentSchema } from '../../src/experiment/schema.ts';
import { readDocComments } from './docComments.ts';
import type { DocComments, DocumentedType } from './docComments.ts';
import { code, generatedFrom, page } from './markdown.ts';
import { describedSchema } from './schemaValues.ts';
import type { Schema } from './schemaValues.ts';
import {
  isChoice,
  merged,
  nameOf,
  namedOptions,
  namedSection,
  settingRows,
  settingsTable,
} from './settingsTable.ts';
import type { NamedEntry } from './settingsTable.ts';

/** `docs/reference/experiment.md`: every key of the experiment and ensemble schemas. */
export function experimentPage(): string {
  const docs = readDocComments();
  const experiment = describedSchema(experimentSchema);
  const ensemble = describedSchema(ensembleSchema);
  return page(
    generatedFrom('`src/experiment/schema.ts` and the schemas it is made of'),
    '# Experiments and ensembles: every setting',
    'An experiment is a file below `experiments/` that default-exports `defineExperiment({ … })`; an ensemble is one that default-exports `defineEnsemble({ … })`. How they are written, extended and run is told in [the guide](../guides/experiments.md); here is what they may hold. A key that is not listed is refused, with the nearest one that is. The paths are those of `--set path=value`.',
    'Default: **required** must be given, – may be left out.',
    '## Experiment',
    settingsTable(plainRows(experiment, docs.experiment)),
    ...Object.keys(experiment.properties ?? {}).flatMap((key) => section(key, experiment, docs)),
    '## Ensemble',
    settingsTable(settingRows(ensemble, docs.ensemble, '')),
  );
}

/** The keys that need no section of their own. */
function plainRows(schema: Schema, docs: DocumentedType) {
  const plain = Object.entries(schema.properties ?? {}).filter(([key]) => !hasSection(schema, key));
  return settingRows({ ...schema, properties: Object.fromEntries(plain) }, docs, '');
}

function hasSection(schema: Schema, key: string): boolean {
  const property = schema.properties![key]!;
  return key === 'augmentation' || property.properties !== undefined || namedOptions(property).length > 0;
}

function section(key: string, experiment: Schema, docs: DocComments): string[] {
  if (!hasSection(experiment, key)) return [];
  const property = experiment.properties![key]!;
  const own = docs.experiment.property(key);
  const heading = `## ${code(key)}`;
  const optional =
    experiment.required?.includes(key) === true || property.default !== undefined ? '' : 'Optional.';
  const comment = [docs.experiment.comment(key), optional].filter(Boolean).join(' ');
  if (key === 'augmentation') return [heading, comment, ...augmentation(docs)];
  const alternatives = namedOptions(property);
  if (alternatives.length > 0) {
    const onlyLists = property.type === 'array';
    const lists = onlyLists || (property.anyOf ?? []).some(({ type }) => type === 'array');
    const form = onlyLists
      ? 'A list of these, by their `name`.'
      : lists
        ? 'One of these, or a list of them, which are added, each times its `weight`.'
        : 'One of these, by its `name`.';
    const types = lists ? own.items() : own;
    return [heading, comment, form, ...alternativeSections(alternatives, types, '###')];
  }
  const inner = Object.entries(property.properties ?? {}).flatMap(([name, child]) => {
    if (!isChoice(child)) return [];
    const comments = name === 'decoder' ? docs.decoders : undefined;
    const types = own.property(name);
    return [
      `### ${code(`${key}.${name}`)}`,
      ...alternativeSections(namedOptions(child), types, '####', comments),
      ...nestedChoices(namedOptions(child)).flatMap(([nested, choice]) => [
        `### ${code(nested)}`,
        ...alternativeSections(namedOptions(choice), types.property(nested), '####'),
      ]),
    ];
  });
  return [heading, comment, settingsTable(settingRows(property, own, `${key}.`)), ...inner];
}

/** What several alternatives let a person choose, each once. */
function nestedChoices(options: readonly Schema[]): [string, Schema][] {
  const choices = options.flatMap((option) =>
    Object.entries(option.properties ?? {}).filter(([, child]) => isChoice(child)),
  );
  return [...new Map(choices)];
}

function alternativeSections(
  options: readonly Schema[],
  types: DocumentedType,
  level: '###' | '####',
  comments?: DocumentedType,
): string[] {
  const entries = options.map((option): NamedEntry => {
    const name = nameOf(option);
    const type = types.named(name);
    const comment = option.description ?? comments?.comment(name) ?? type.commentOfDeclaration('name');
    return { names: [name], comment, rows: settingRows(option, type, '') };
  });
  return merged(entries).map((entry) => namedSection(entry, level));
}

function augmentation(docs: DocComments): string[] {
  const groups = Object.entries(compositions).map(([name, schema]) =>
    transformEntry(name, describedSchema(schema), docs, docs.builders.comment(builderName(name))),
  );
  const leaves = Object.values(registry).map(({ name, schema }) =>
    transformEntry(name, describedSchema(schema), docs, docs.transforms.comment(name)),
  );
  return [
    "A transform is `{ name: 'Rotate', limit: 15, p: 0.5 }`: names and parameters are albumentations', the parameters in camel case, and so are the defaults. `p` is the probability with which it is applied. A range is drawn from uniformly. Image and labels are transformed together.",
    '### Compositions',
    ...groups.map((entry) => namedSection(entry, '####')),
    '### Transforms',
    ...leaves.map((entry) => namedSection(entry, '####')),
  ];
}

function transformEntry(name: string, schema: Schema, docs: DocComments, comment: string): NamedEntry {
  return { names: [name], comment, rows: settingRows(schema, docs.transform.named(name), '') };
}

function builderName(name: string): string {
  return `${name[0]!.toLowerCase()}${name.slice(1)}`;
}
