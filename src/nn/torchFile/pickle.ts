import { malformed, refused } from './defect.ts';
import { PickleBytes } from './pickleBytes.ts';

/** What a pickle may come to. Objects other than dictionaries, lists and plain values are the caller's own. */
export type PickleValue =
  null | boolean | number | bigint | string | PickleValue[] | PickleDict | PickleObject;

/** A Python dictionary or `OrderedDict`; both keep their order. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** Something that a caller of `unpickle` makes. */
export abstract class PickleObject {
  /** A guard by name, so that no other class is structurally one. */
  abstract readonly kind: string;
}

/** What a pickle may refer to besides plain values; each throws for all it does not know. */
export interface Resolver {
  /** A global that may be named, such as `collections.OrderedDict`. */
  global(name: string): PickleObject;
  /** A known global called with arguments; never a function of the pickle's choice. */
  call(callee: PickleValue, args: PickleValue): PickleValue;
  persistent(id: PickleValue): PickleObject;
}

const mark = Symbol('mark');
type Slot = PickleValue | typeof mark;

/**
 * Interprets a pickle of protocol 2 by the few opcodes that dictionaries of tensors need. Nothing is imported or
 * run: names are looked up by `resolver`, every other opcode is an error. Time and memory are bounded by the bytes.
 *
 * @returns The value and where the pickle ended.
 * @throws PhalanxError `torch-file/malformed`, `torch-file/refused`
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  file: string,
  resolver: Resolver,
): { readonly value: PickleValue; readonly end: number } {
  return new Machine(bytes, start, file, resolver).run();
}

class Machine {
  readonly #bytes: PickleBytes;
  readonly #file: string;
  readonly #resolver: Resolver;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, start: number, file: string, resolver: Resolver) {
    this.#bytes = new PickleBytes(bytes, start, file);
    this.#file = file;
    this.#resolver = resolver;
  }

  run(): { readonly value: PickleValue; readonly end: number } {
    for (;;) {
      const opcode = this.#bytes.byte();
      if (opcode === 0x2e) break;
      const value = this.#interpret(opcode);
      if (value !== undefined) this.#stack.push(value);
    }
    const value = this.#pop();
    if (this.#stack.length > 0) throw this.#broken('one value', 'several');
    return { value, end: this.#bytes.at };
  }

  /** Does what an opcode says; returns what it puts on the stack. */
  #interpret(opcode: number): PickleValue | undefined {
    switch (String.fromCharCode(opcode)) {
      case '\x80': {
        const protocol = this.#bytes.byte();
        if (protocol !== 2) throw refused(this.#file, `a pickle of protocol ${protocol} instead of 2`);
        return undefined;
      }
      case '(':
        this.#stack.push(mark);
        return undefined;
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'K':
        return this.#bytes.byte();
      case 'M':
        return this.#bytes.uint16();
      case 'J':
        return this.#bytes.int32();
      case '\x8a':
        return this.#bytes.long(this.#bytes.byte());
      case 'G':
        return this.#bytes.float64();
      case 'X':
      case 'T':
        return this.#bytes.text(this.#bytes.uint32());
      case 'U':
        return this.#bytes.text(this.#bytes.byte());
      case '}':
        return new PickleDict();
      case ']':
      case ')':
        return [];
      case 't':
        return this.#popToMark();
      case '\x85':
        return this.#popMany(1);
      case '\x86':
        return this.#popMany(2);
      case '\x87':
        return this.#popMany(3);
      case 'a':
        this.#append(this.#popMany(1));
        return undefined;
      case 'e':
        this.#append(this.#popToMark());
        return undefined;
      case 's':
        this.#setItems(this.#popMany(2));
        return undefined;
      case 'u':
        this.#setItems(this.#popToMark());
        return undefined;
      case 'q':
        this.#store(this.#bytes.byte());
        return undefined;
      case 'r':
        this.#store(this.#bytes.uint32());
        return undefined;
      case 'h':
        return this.#recall(this.#bytes.byte());
      case 'j':
        return this.#recall(this.#bytes.uint32());
      case 'c':
        return this.#resolver.global(`${this.#bytes.line()}.${this.#bytes.line()}`);
      case 'Q':
        return this.#resolver.persistent(this.#pop());
      case 'R': {
        const [callee, args] = this.#popMany(2) as [PickleValue, PickleValue];
        return this.#resolver.call(callee, args);
      }
      case 'b': {
        // Attributes of an OrderedDict: PyTorch hangs version numbers on it.
        const [target] = this.#popMany(2) as [PickleValue, PickleValue];
        if (!(target instanceof PickleDict)) throw refused(this.#file, 'attributes of an object');
        return target;
      }
      default:
        throw refused(this.#file, `the pickle opcode 0x${opcode.toString(16).padStart(2, '0')}`);
    }
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw this.#broken('a value on the stack', 'none');
    return value;
  }

  #popMany(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let index = 0; index < count; index++) values.push(this.#pop());
    return values.reverse();
  }

  #popToMark(): PickleValue[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw this.#broken('a mark on the stack', 'none');
    // Above the last mark there are only values.
    const values = this.#stack.splice(at + 1) as PickleValue[];
    this.#stack.pop();
    return values;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw this.#broken('a value on the stack', 'none');
    return value;
  }

  #append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#broken('a list to append to', 'something else');
    for (const value of values) list.push(value);
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict) || items.length % 2 !== 0) {
      throw this.#broken('a dictionary and pairs for it', 'something else');
    }
    for (let index = 0; index < items.length; index += 2) dict.entries.set(items[index]!, items[index + 1]!);
  }

  #store(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#broken(`a remembered value ${index}`, 'none');
    return value;
  }

  #broken(expected: string, received: string) {
    return malformed(this.#file, expected, `${received} at byte ${this.#bytes.at} of its pickle`);
  }
}
