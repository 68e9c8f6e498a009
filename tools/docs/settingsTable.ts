import type { DocumentedType } from './docComments.ts';
import { anchor, code, page, table } from './markdown.ts';
import { defaultOf, keysOf, valuesOf } from './schemaValues.ts';
import type { Schema } from './schemaValues.ts';

type Row = readonly [key: string, values: string, byDefault: string, meaning: string];

/** One row per setting below `prefix`, objects followed by what they hold. */
export function settingRows(schema: Schema, docs: DocumentedType, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'name')
    .flatMap(([key, property]) => {
      if (!docs.has(key)) throw new Error(`the types do not have the schema's ${prefix}${key}`);
      const path = `${prefix}${key}`;
      const row: Row = [
        code(path),
        choices(property, path) ?? nestedKeys(property) ?? valuesOf(property),
        requiredOrDefault(schema, key),
        docs.comment(key),
      ];
      const inner = docs.property(key);
      if (isChoice(property)) return [row];
      if (property.properties !== undefined) return [row, ...settingRows(property, inner, `${path}.`)];
      if (property.items?.properties === undefined) return [row];
      return [row, ...settingRows(property.items, inner.items(), `${path}[].`)];
    });
}

export function settingsTable(rows: readonly Row[]): string {
  if (rows.every(([, , , meaning]) => meaning === '')) {
    return table(['setting', 'values', 'default'], rows.map((row) => row.slice(0, 3))); // prettier-ignore
  }
  return table(['setting', 'values', 'default', 'meaning'], rows);
}

/** The alternatives of a place that are told apart by their `name`, each once; none if it has no such. */
export function namedOptions(schema: Schema): readonly Schema[] {
  if (schema.properties?.['name']?.const !== undefined) return [schema];
  const nested = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])];
  const byName = new Map(nested.flatMap(namedOptions).map((option) => [nameOf(option), option]));
  return [...byName.values()];
}

export function nameOf(option: Schema): string {
  return String(option.properties?.['name']?.const);
}

export interface NamedEntry {
  readonly names: readonly string[];
  readonly comment: string;
  readonly rows: readonly Row[];
}

/** Entries of the same settings and the same comment under one heading. */
export function merged(entries: readonly NamedEntry[]): NamedEntry[] {
  const result: NamedEntry[] = [];
  for (const entry of entries) {
    const same = result.findIndex(
      ({ comment, rows }) => comment === entry.comment && JSON.stringify(rows) === JSON.stringify(entry.rows),
    );
    const first = result[same];
    if (first === undefined) result.push(entry);
    else result[same] = { ...first, names: [...first.names, ...entry.names] };
  }
  return result;
}

export function namedSection({ names, comment, rows }: NamedEntry, level: '###' | '####'): string {
  return page(
    `${level} ${names.map(code).join(', ')}`,
    comment,
    rows.length === 0 ? 'No settings but its name.' : settingsTable(rows),
  ).trimEnd();
}

/** The keys alone of what has rows of its own. */
function nestedKeys(property: Schema): string | undefined {
  if (property.properties !== undefined) return keysOf(property);
  return property.items?.properties === undefined ? undefined : `list of ${keysOf(property.items)}`;
}

/** Whether a place holds one of several alternatives, told apart by their `name`, which have a section of their own. */
export function isChoice(property: Schema): boolean {
  return property.items === undefined && namedOptions(property).length > 0;
}

/** The names of the alternatives, with a link to their section. */
function choices(property: Schema, path: string): string | undefined {
  if (!isChoice(property)) return undefined;
  const names = namedOptions(property).map((option) => code(nameOf(option)));
  const words = (property.anyOf ?? []).flatMap(({ const: word }) =>
    typeof word === 'string' ? [code(word)] : [],
  );
  // What a list's entries have is described where the same setting stands beside the list.
  const section = anchor(path.replaceAll(/\.\w+\[\]/g, ''));
  return `${[...words, code('{ name, … }')].join(' or ')}, [one of](#${section}) ${names.join(', ')}`;
}

function requiredOrDefault(schema: Schema, key: string): string {
  const byDefault = defaultOf(schema.properties![key]!);
  if (byDefault !== '') return byDefault === code('{}') ? '' : byDefault;
  return schema.required?.includes(key) === true ? '**required**' : '–';
}
