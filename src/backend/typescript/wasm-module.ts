/**
 * Writes WebAssembly, as far as the products need it: the binary format of https://www.w3.org/TR/wasm-core-2/, where
 * section 5 has the numbers that stand here. A function takes whole numbers and gives nothing back.
 */

/** Bytes, nested as they were put together. */
export type Code = readonly (number | Code)[];

const kinds = { i32: 0x7f, v128: 0x7b };

/** A local variable; the parameters come first. */
export class Local {
  constructor(private readonly index: number) {}

  get value(): Code {
    return [0x20, unsigned(this.index)];
  }

  set(value: Value): Code {
    return [codeOf(value), 0x21, unsigned(this.index)];
  }

  /** Adds a constant. */
  raise(by: number): Code {
    return this.set(i32.add(this, by));
  }
}

/** What leaves one value: a number stands for itself, as an i32. */
export type Value = Local | Code | number;

function codeOf(value: Value): Code {
  if (typeof value === 'number') return [0x41, signed(value)];
  return value instanceof Local ? value.value : value;
}

/** A function in the making, and the parameters and variables that its instructions name. */
export class WasmFunction {
  readonly parameters: readonly Local[];
  private readonly kinds: number[] = [];
  private instructions: Code = [];

  constructor(parameters: number) {
    this.parameters = Array.from({ length: parameters }, (_, index) => new Local(index));
  }

  /** More variables, 0 at first. */
  variables(kind: keyof typeof kinds, count: number): Local[] {
    const first = this.parameters.length + this.kinds.length;
    for (let i = 0; i < count; i++) this.kinds.push(kinds[kind]);
    return Array.from({ length: count }, (_, i) => new Local(first + i));
  }

  does(...instructions: Code): this {
    this.instructions = instructions;
    return this;
  }

  get type(): Code {
    return [0x60, list(this.parameters.map(() => [kinds.i32])), list([])];
  }

  get code(): Code {
    return sized([list(this.kinds.map((kind) => [1, kind])), this.instructions, 0x0b]);
  }
}

const unary =
  (...operation: number[]) =>
  (a: Value): Code => [codeOf(a), operation];
const binary =
  (...operation: number[]) =>
  (a: Value, b: Value): Code => [codeOf(a), codeOf(b), operation];

/** A read at address + offset, whatever the alignment. */
const load =
  (...operation: number[]) =>
  (address: Value, offset = 0): Code => [codeOf(address), operation, 0, unsigned(offset)];

/** A write at address + offset, whatever the alignment; of a lane, the first is written. */
const store =
  (operation: number, ...lane: number[]) =>
  (address: Value, offset: number, value: Value): Code => [
    ...[codeOf(address), codeOf(value)],
    ...[0xfd, operation, 0, unsigned(offset), lane],
  ];

export const i32 = { add: binary(0x6a), shiftLeft: binary(0x74), isAbove: binary(0x4b), load: load(0x28) };

/** Two float32 in the lower half of a register. */
export const f32x2 = {
  ones: [0xfd, 0x0c, [1, 2, 3, 4].map(() => [0, 0, 0x80, 0x3f])],
  isAbove: binary(0xfd, 0x44),
  and: binary(0xfd, 0x4e),
  load: load(0xfd, 0x5d),
  store: store(0x5b, 0),
  storeFirst: store(0x5a, 0),
};

export const f64x2 = {
  zero: [0xfd, 0x0c, new Array<number>(16).fill(0)],
  /** From two float32 and to them. */
  promote: unary(0xfd, 0x5f),
  demote: unary(0xfd, 0x5e),
  add: binary(0xfd, 0xf0, 0x01),
  multiply: binary(0xfd, 0xf2, 0x01),
  load: load(0xfd, 0x00),
  /** One float64 in both lanes. */
  loadTwice: load(0xfd, 0x0a),
  store: store(0x0b),
};

/** Does `body`, which raises `at`, as long as `at` is below `end`. */
export function whileBelow(at: Local, end: Local, body: Code): Code {
  const isBelow = [at.value, end.value, 0x49];
  return [isBelow, 0x04, 0x40, 0x03, 0x40, body, isBelow, 0x0d, 0, 0x0b, 0x0b];
}

/** Does `then` where the condition is not 0, and else `otherwise`. */
export function when(condition: Value, then: Code, otherwise: Code = []): Code {
  return [codeOf(condition), 0x04, 0x40, then, 0x05, otherwise, 0x0b];
}

/**
 * A module that exports the functions by their names, and as `memory` a memory that is empty at first and grows by pages
 * of 64 KiB. It has less than 4 GiB, so that one past its last byte is an address, too.
 */
export function moduleBytes(functions: Readonly<Record<string, WasmFunction>>): Uint8Array {
  const names = Object.keys(functions);
  const all = Object.values(functions);
  const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const sections: Code = [
    section(1, all.map(({ type }) => type)), // prettier-ignore
    section(3, all.map((_, index) => unsigned(index))), // prettier-ignore
    section(5, [[1, 0, unsigned(0xffff)]]),
    section(7, [[name('memory'), 2, 0], ...names.map((one, index) => [name(one), 0, unsigned(index)])]),
    section(10, all.map(({ code }) => code)), // prettier-ignore
  ];
  return Uint8Array.from(flat([magicAndVersion, sections]));
}

const section = (id: number, entries: readonly Code[]): Code => [id, sized(list(entries))];
const name = (text: string): Code => list(Array.from(text, (letter) => [letter.charCodeAt(0)]));
const list = (entries: readonly Code[]): Code => [unsigned(entries.length), entries];

function sized(code: Code): Code {
  const bytes = flat(code);
  return [unsigned(bytes.length), bytes];
}

function flat(code: Code): number[] {
  return code.flatMap((part) => (typeof part === 'number' ? part : flat(part)));
}

/** LEB128: seven bits a byte, the lowest first, and the eighth bit where more follow. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, signed(value >> 7)];
}
