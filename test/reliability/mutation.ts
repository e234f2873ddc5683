import { randomNumbers } from '../random.js';

/** Numbers at which parsers go wrong: limits of integer types, signs, and values that are not whole or not finite. */
const numbers = [
  ...[0, -0, 1, -1, 2, 3, 7, 8, 31, 64, 127, 128, 255, 256, 4096, 4097, 65535, 65536, 16777216],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 1e300],
  ...[0.5, -0.5, 1e-300, 5e-324, 1.7976931348623157e308],
];
const texts = ['', ' ', '0', '-1', '1e309', 'NaN', 'a\nb', '\u001b[2J', '\ud800', '../../x', 'x'.repeat(300), '\0'];
/** Names that every JavaScript object has, and none that a file should be able to reach. */
const memberNames = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__metadata__', ''];
/** Text that stands for a value of 20,000 nested lists: `toJson` of a mutation writes it. */
const DEEP = '@deep@';
const deep = '['.repeat(20_000) + ']'.repeat(20_000);

/** Seeded source of hostile input: changes valid samples, by their structure where it is known. */
export class Mutation {
  /** Returns the next random number, from 0 to below 1. */
  readonly next: () => number;

  /** @param seed number of the case: the same seed gives the same input */
  constructor(seed: number) {
    this.next = randomNumbers(seed);
  }

  /** Returns a random whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Returns a random element. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** Returns a number that is hostile, or small. */
  number(): number {
    return this.next() < 0.7 ? this.pick(numbers) : this.below(300);
  }

  /** Returns `sample` with one to four changes: of bits, bytes, words, order and length. */
  bytes(sample: Uint8Array, others: readonly Uint8Array[] = [sample]): Uint8Array {
    let bytes: Uint8Array = Uint8Array.from(sample);
    for (let left = 1 + this.below(4); left > 0; left--) bytes = this.changeBytes(bytes, others);
    return bytes;
  }

  private changeBytes(bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
    const { length } = bytes;
    if (length === 0) return Uint8Array.from(this.pick(others));
    // Headers are at the beginning.
    const at = this.below(this.next() < 0.5 ? Math.min(length, 64) : length);
    const count = 1 + this.below(Math.min(length - at, 64));
    switch (this.below(9)) {
      case 0:
        bytes[at] ^= 1 << this.below(8);
        return bytes;
      case 1:
        bytes[at] = this.pick([0, 1, 0x7f, 0x80, 0xff, this.below(256)]);
        return bytes;
      case 2:
      case 3: {
        const view = new DataView(bytes.buffer);
        const value = this.pick(numbers);
        const isLittle = this.next() < 0.5;
        const width = this.pick([1, 2, 4, 8].filter((width) => width <= length));
        const place = Math.min(at, length - width);
        if (width === 8) view.setBigUint64(place, BigInt.asUintN(64, BigInt(Math.trunc(value))), isLittle);
        else if (width === 4) view.setUint32(place, value, isLittle);
        else if (width === 2) view.setUint16(place, value, isLittle);
        else view.setUint8(place, value);
        return bytes;
      }
      case 4:
        return bytes.slice(0, at);
      case 5:
        return joined(bytes.subarray(0, at), bytes.subarray(at + count));
      case 6:
        return joined(bytes.subarray(0, at + count), bytes.subarray(at));
      case 7:
        return joined(bytes.subarray(0, at), this.noise(count), bytes.subarray(at));
      default: {
        const other = this.pick(others);
        return joined(bytes.subarray(0, at), other.subarray(this.below(other.length)));
      }
    }
  }

  /** Returns random bytes. */
  noise(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** Returns `sample` with one to four changes: characters and lines removed, repeated and moved, words put in. */
  text(sample: string, words: readonly string[]): string {
    let text = sample;
    for (let left = 1 + this.below(4); left > 0; left--) {
      const at = this.below(text.length + 1);
      const to = Math.min(text.length, at + 1 + this.below(40));
      const [before, middle, after] = [text.slice(0, at), text.slice(at, to), text.slice(to)];
      const change = this.below(7);
      if (change === 0) text = before + after;
      else if (change === 1) text = before + middle + middle + after;
      else if (change === 2) text = before + this.pick(words) + middle + after;
      else if (change === 3) text = before + this.pick(words) + after;
      else if (change === 4) text = before + String(this.number()) + after;
      else if (change === 5) text = before + this.pick(texts) + after;
      else text = before + String.fromCharCode(this.below(this.next() < 0.9 ? 128 : 65536)) + after;
    }
    return text;
  }

  /**
   * Returns a value of JSON with one to three changes: of values, keys, and lengths of lists. Shares the parts that are
   * unchanged.
   * @param names keys and words that the format knows
   */
  json(value: unknown, names: readonly string[]): unknown {
    let changed = value;
    for (let left = 1 + this.below(3); left > 0; left--) changed = this.changeJson(changed, names);
    return changed;
  }

  private changeJson(value: unknown, names: readonly string[]): unknown {
    if (typeof value !== 'object' || value === null || this.next() < 0.08) return this.value(names);
    if (Array.isArray(value)) {
      const list = [...(value as unknown[])];
      const at = this.below(list.length);
      const change = this.below(8);
      if (change === 0) list.splice(at, 1);
      else if (change === 1) list.splice(at, 0, list[at] ?? this.value(names));
      else if (change === 2) for (let count = this.below(50); count > 0; count--) list.push(list[at]);
      else if (list.length > 0) list[at] = this.changeJson(list[at], names);
      return list;
    }
    const keys = Object.keys(value);
    const copy: Record<string, unknown> = { ...value };
    const key = keys.length > 0 ? this.pick(keys) : this.pick(names);
    const change = this.below(10);
    if (change === 0) delete copy[key];
    else if (change === 1) own(copy, this.next() < 0.5 ? this.pick(names) : this.name(), copy[key]);
    else if (change === 2) own(copy, this.name(), this.value(names));
    else copy[key] = this.changeJson(copy[key], names);
    return copy;
  }

  private name(): string {
    return this.pick(this.next() < 0.5 ? memberNames : texts);
  }

  private value(names: readonly string[]): unknown {
    const kind = this.below(12);
    if (kind < 6) return this.number();
    if (kind === 6) return this.pick(texts);
    if (kind === 7) return this.pick(names);
    return this.pick([null, true, false, [], {}, [[[]]], { a: { b: 1 } }, [null], this.next() < 0.01 ? DEEP : '']);
  }
}

/** Returns a value as JSON; a result of `Mutation.json` with its lists that are nested too deep. */
export function toJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(`"${DEEP}"`, deep);
}

/** Sets an own property, whatever its name. */
function own(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
