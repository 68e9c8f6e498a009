/** A header's `Key = Value` lines, keys in lower case. */
export type MetaFields = ReadonlyMap<string, string>;

/**
 * Reads the header at the start of a MetaImage, which the line `ElementDataFile` ends.
 *
 * @throws Error when there is no such header.
 */
export function metaFields(start: Buffer): { readonly fields: MetaFields; readonly length: number } {
  const fields = new Map<string, string>();
  for (let at = 0; at < start.length;) {
    const newline = start.indexOf(10, at);
    const end = newline < 0 ? start.length : newline;
    const line = start.toString('utf8', at, end).trim();
    at = end + 1;
    const separator = line.indexOf('=');
    if (separator < 1) {
      if (line === '') continue;
      break;
    }
    const key = line.slice(0, separator).trim().toLowerCase();
    fields.set(key, line.slice(separator + 1).trim());
    if (key === 'elementdatafile') return { fields, length: Math.min(at, start.length) };
  }
  throw new Error('no MetaImage header that ends with ElementDataFile');
}

/**
 * The numbers of the first of these keys that is there.
 *
 * @throws Error when they are not as many finite numbers as belong.
 */
export function metaNumbers(
  fields: MetaFields,
  keys: readonly string[],
  count: number,
): number[] | undefined {
  const text = keys.map((key) => fields.get(key)).find((value) => value !== undefined);
  if (text === undefined) return undefined;
  const numbers = text.split(/\s+/).map(Number);
  if (numbers.length === count && numbers.every(Number.isFinite)) return numbers;
  throw new Error(`${keys[0]!} = ${text.slice(0, 80)}`);
}
