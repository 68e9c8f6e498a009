import { malformed } from './defect.ts';

/** Reads a pickle's bytes in order; what lies beyond their end is an error. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  #at: number;

  constructor(bytes: Uint8Array, start: number, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#file = file;
  }

  get at(): number {
    return this.#at;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Big-endian, unlike all else. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length)
      throw malformed(this.#file, `${bytes} more bytes of pickle`, 'its end');
    this.#at += bytes;
    return at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  text(bytes: number): string {
    const at = this.#take(bytes);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + bytes));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0 || end - this.#at > 1000) throw malformed(this.#file, 'a name in its pickle', 'none');
    return this.text(end + 1 - this.#at).slice(0, -1);
  }

  long(bytes: number): number | bigint {
    const at = this.#take(bytes);
    let value = 0n;
    for (let index = bytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.#bytes[at + index]!);
    value = BigInt.asIntN(8 * bytes, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}
