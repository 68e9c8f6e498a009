/** A field of a message: a number, or the bytes of a text, of packed numbers or of a message. */
export type Field = bigint | Uint8Array;

/** A decoder of protobuf that knows no more than the wire format: the values of each field, by its number. */
export function decode(bytes: Uint8Array): Map<number, Field[]> {
  const fields = new Map<number, Field[]>();
  let position = 0;
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = BigInt(bytes[position++]!);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
      shift += 7n;
    }
  };
  const take = (count: number): Uint8Array => bytes.slice(position, (position += count));
  while (position < bytes.length) {
    const tag = Number(varint());
    const read = { 0: varint, 1: () => take(8), 2: () => take(Number(varint())), 5: () => take(4) }[tag & 7];
    if (read === undefined) throw new Error(`wire type ${tag & 7}`);
    const field = tag >> 3;
    fields.set(field, [...(fields.get(field) ?? []), read()]);
  }
  if (position !== bytes.length) throw new Error('the message ends within a field');
  return fields;
}

/** The messages in a field. */
export function messages(message: Map<number, Field[]>, field: number): Map<number, Field[]>[] {
  return (message.get(field) ?? []).map((value) => decode(value as Uint8Array));
}

export function texts(message: Map<number, Field[]>, field: number): string[] {
  return (message.get(field) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));
}
