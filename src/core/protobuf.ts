/**
 * Serialized fields of a protobuf message, in pieces, so that large ones are not copied.
 * https://protobuf.dev/programming-guides/encoding/
 */
export type Fields = readonly Uint8Array[];

/** An integer, a boolean as 0 or 1, or a member of an enumeration. */
export function integer(field: number, value: number | bigint): Fields {
  return [Uint8Array.from([...varint(field << 3), ...varint(value)])];
}

/** Integers in one packed field. */
export function integers(field: number, values: readonly number[]): Fields {
  return message(field, [Uint8Array.from(values.flatMap(varint))]);
}

/** `float` */
export function single(field: number, value: number): Fields {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [Uint8Array.from([...varint((field << 3) | 5), ...bytes])];
}

/** `double` */
export function double(field: number, value: number): Fields {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [Uint8Array.from([...varint((field << 3) | 1), ...bytes])];
}

export function text(field: number, value: string): Fields {
  return message(field, [new TextEncoder().encode(value)]);
}

/** A message, or bytes, as a field of another. */
export function message(field: number, content: Fields): Fields {
  return [Uint8Array.from([...varint((field << 3) | 2), ...varint(byteCount(content))]), ...content];
}

export function byteCount(fields: Fields): number {
  return fields.reduce((total, { length }) => total + length, 0);
}

function varint(value: number | bigint): number[] {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
