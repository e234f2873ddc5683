import { isDeepStrictEqual } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { libraryOf } from '../../src/backend/kernel-library.js';
import type { KernelDescription } from '../../src/backend/kernels/description.js';
import {
  descriptions,
  type InputsOf,
  type KernelArrays,
  type KernelName,
  type KernelNumbers,
  type Kernels,
  type OutputsOf,
} from '../../src/backend/kernels/index.js';
import { PxvError } from '../../src/foundation/errors.js';
import { isSlowRun } from '../extent.js';
import { roundedToBf16 } from './bf16.js';
import { bitsOf, expectClose } from './comparison.js';
import { expectRims, guardedArray } from './guarded-array.js';
import {
  bf16Sets,
  describeEach,
  implementations,
  kernelSets,
  namedKernels,
  type Implementation,
} from './implementations.js';

type Of<K extends KernelName, Names> = Pick<KernelArrays<K>, keyof KernelArrays<K> & keyof Names>;
export type KernelInputs<K extends KernelName> = Of<K, InputsOf<K>>;
export type KernelOutputs<K extends KernelName> = Of<K, OutputsOf<K>>;
type InPlaceOf<Arrays, Values> = { [Name in keyof Arrays]: Values | Extract<Arrays[Name], null> };
/** Inputs of any precision. */
export type ReferenceInputs<K extends KernelName> = InPlaceOf<KernelInputs<K>, ArrayLike<number>>;

export interface KernelCase<K extends KernelName> {
  name: string;
  numbers: KernelNumbers<K>;
  inputs: KernelInputs<K>;
}

export interface KernelSuite<K extends KernelName> {
  /** An error may be at most so large, relative to the expected value or to 1, whichever is larger. */
  tolerance: number;
  cases: readonly KernelCase<K>[];
  /** The plainest float64 loops that the definition allows, written apart from every implementation. */
  reference: (numbers: KernelNumbers<K>, inputs: ReferenceInputs<K>) => InPlaceOf<KernelOutputs<K>, ArrayLike<number>>;
  /**
   * The operation on tensors, where there is one, or the tape's gradient of one. Inputs have the shapes of the
   * description, and go where a tensor of any rank is asked for.
   */
  tensors?: (
    numbers: KernelNumbers<K>,
    inputs: InPlaceOf<KernelInputs<K>, Tensor<never>>,
  ) => InPlaceOf<KernelOutputs<K>, Tensor>;
  /** Inputs whose shapes the operation on tensors expects: it refuses others, and leaves no tensor behind. */
  expects?: readonly (keyof InputsOf<K> & string)[];
  /** Whether the operation on tensors has no gradient: that of its inputs is zero. */
  isConstant?: boolean;
  /** What the sets with products in bf16 should give: what the reference gives of some factors that are rounded. */
  inBf16?: (
    numbers: KernelNumbers<K>,
    inputs: KernelInputs<K>,
    rounded: (values: Float32Array) => Float32Array,
  ) => InPlaceOf<KernelOutputs<K>, ArrayLike<number>>;
  /** Whether all sets give the same bits, or those that fuse products and sums. `wasm` and `portable` always do. */
  sameBits?: 'all' | 'fused';
  /** What is refused beyond what the description tells: numbers that are changed, and a part of the message. */
  refusals?: readonly [name: string, changed: Partial<KernelNumbers<K>>, message: string][];
}

/** Runs a kernel, on tensors where there are no kernels, on fresh outputs. */
export type RunKernel<K extends KernelName> = (
  implementation: { kernels: Kernels | null },
  numbers: KernelNumbers<K>,
  inputs: KernelInputs<K>,
) => KernelOutputs<K>;

/**
 * Tests a kernel against its reference in every form, and what follows from its description: see src/backend/kernels.
 * Outputs are first filled with NaN, so that whatever a kernel forgets to write is seen, and each is the middle of a
 * larger buffer, so that whatever it writes beside them is seen too.
 */
export function testKernel<K extends KernelName>(name: K, suite: KernelSuite<K>): RunKernel<K> {
  const tested = new Tested(name, suite as unknown as Suite);
  describe(`${name}`, () => {
    testValues(tested);
    testBits(tested);
    testProductsInBf16(tested);
    testRefusals(tested);
    testTensors(tested);
  });
  return ({ kernels }, numbers, inputs) => tested.run(kernels, numbers, inputs as Arrays) as KernelOutputs<K>;
}

type Numbers = Record<string, unknown>;
type Arrays = Record<string, Float32Array | null>;
type Tensors = Record<string, Tensor | null>;
type Values = Record<string, ArrayLike<number> | null>;

/** A suite of whatever kernel. */
interface Suite extends Pick<KernelSuite<never>, 'tolerance' | 'isConstant' | 'sameBits'> {
  cases: readonly { name: string; numbers: Numbers; inputs: Arrays }[];
  reference: (numbers: Numbers, inputs: Arrays) => Values;
  tensors?: (numbers: Numbers, inputs: Tensors) => Tensors;
  expects?: readonly string[];
  inBf16?: (numbers: Numbers, inputs: Arrays, rounded: (values: Float32Array) => Float32Array) => Values;
  refusals?: readonly [name: string, changed: object, message: string][];
}

class Tested {
  readonly description: KernelDescription;
  /** The cases, each with what it should give, computed once for all implementations. */
  readonly table;

  constructor(
    readonly name: KernelName,
    readonly suite: Suite,
  ) {
    this.description = descriptions[name];
    this.table = suite.cases.map(({ name, numbers, inputs }) => {
      const own = only(this.description.inputs, inputs);
      return { name, numbers, inputs: own, expected: once(() => suite.reference(numbers, own)) };
    });
  }

  /** The kernels that compute it: also those in bf16 where it has a form of its own. */
  get tables() {
    return namedKernels.filter(({ kernels }) => this.description.inBf16 || !bf16Sets.includes(kernels));
  }

  /** The first case that passes most arrays. */
  get fullest() {
    const arraysIn = (inputs: Arrays) => Object.values(inputs).filter((array) => array !== null).length;
    return [...this.table].sort((a, b) => arraysIn(b.inputs) - arraysIn(a.inputs))[0];
  }

  run(kernels: Kernels | null, numbers: Numbers, inputs: Arrays): Arrays {
    const outputs = this.unwritten(numbers, inputs);
    if (kernels) this.call(kernels, numbers, { ...only(this.description.inputs, inputs), ...outputs });
    else
      tf.tidy(() => {
        const given = this.suite.tensors!(numbers, this.tensorsOf(numbers, inputs));
        for (const [output, tensor] of Object.entries(given)) outputs[output]?.set(tensor!.dataSync());
      });
    return outputs;
  }

  call(kernels: Kernels, numbers: Numbers, arrays: Arrays): void {
    (kernels[this.name] as (numbers: Numbers, arrays: Arrays) => void)(numbers, arrays);
    for (const output of Object.keys(this.description.outputs)) {
      const array = arrays[output];
      if (array) expectRims(`${this.name}: ${output}`, array);
    }
  }

  unwritten(numbers: Numbers, inputs: Arrays): Arrays {
    return mapped(this.description.outputs, ({ shape, with: input }) =>
      input !== undefined && inputs[input] === null
        ? null
        : guardedArray('float', sizeOf(shape(numbers as never))).fill(NaN),
    );
  }

  /** Copies, since a backend may keep an array. */
  tensorsOf(numbers: Numbers, inputs: Arrays): Tensors {
    return mapped(this.description.inputs, ({ shape, type }, input) => {
      const values = inputs[input]?.slice();
      return values ? tf.tensor(values, [...shape(numbers as never)], type ? 'int32' : 'float32') : null;
    });
  }

  compare(where: string, received: Arrays, expected: Values): void {
    for (const [output, array] of Object.entries(received))
      if (array) expectClose(`${where}: ${output}`, this.suite.tolerance, expected[output]!, array);
  }

  /** All that kernels give. */
  bits(kernels: Kernels) {
    return this.table.map(({ name, numbers, inputs }) => ({ name, ...bitsOf(this.run(kernels, numbers, inputs)) }));
  }
}

function testValues(tested: Tested): void {
  const { name, table, suite } = tested;
  const tests = (implementation: Implementation) =>
    test.each(table)('equals its float64 reference: $name', (one) => {
      const received = tested.run(implementation.kernels, one.numbers, one.inputs);
      tested.compare(`${name} [${implementation.name}] ${one.name}`, received, one.expected());
    });
  describeEach(
    tests,
    implementations.filter(({ kernels }) => kernels || suite.tensors),
  );
}

function testBits(tested: Tested): void {
  const { description, table, tables, suite } = tested;
  const counts = isSlowRun ? [1, 2, 3, 2, 3] : [1, 3];
  test.each(tables)(`$name gives the same bits with ${counts.join(', ')} threads`, ({ kernels }) => {
    const library = libraryOf(kernels.instructionSet);
    const threads = library.threads();
    const [first, ...others] = counts.map((count) => {
      library.setThreads(count);
      return tested.bits(kernels);
    });
    library.setThreads(threads);
    for (const other of others) expect(other).toEqual(first);
  });

  const setsOf = (...names: string[]) => kernelSets.filter(({ instructionSet }) => names.includes(instructionSet));
  const alike = {
    'wasm and portable': setsOf('wasm', 'portable'),
    ...(suite.sameBits === 'all' && { 'all sets': kernelSets }),
    ...(suite.sameBits === 'fused' && { 'sets that fuse products and sums': setsOf('avx2', 'avx512', 'neon') }),
  };
  test.each(Object.entries(alike))('%s give the same bits', (_, sets) => {
    const [first, ...others] = sets.map((kernels) => tested.bits(kernels));
    for (const other of others) expect(other).toEqual(first);
  });

  const many = ['batch', 'rows'].find((field) => field in description.numbers.fields) ?? '';
  const parts = partsOf(description.outputs, table[0].numbers, many);
  if (Object.keys(parts).length > 0)
    test.each(tables)(
      `$name gives each of the ${many === 'batch' ? 'images' : many} the same bits alone`,
      ({ kernels }) => {
        for (const { name, numbers, inputs } of table) {
          const together = tested.run(kernels, numbers, inputs);
          const [given, made] = [description.inputs, description.outputs].map((of) => partsOf(of, numbers, many));
          for (let index = 0; index < Number(numbers[many]); index++) {
            const alone = tested.run(kernels, { ...numbers, [many]: 1 }, partAt(index, given, inputs));
            const expected = bitsOf(only(made, partAt(index, made, together)));
            if (!isDeepStrictEqual(bitsOf(only(made, alone)), expected))
              throw new Error(`${name}: other bits at ${index}`);
          }
        }
      },
    );

  for (const output of Object.keys(description.outputs).filter((name) => description.outputs[name].optional))
    test(`the other outputs are the same without ${output}`, () => {
      for (const { kernels } of tables)
        for (const { numbers, inputs } of table) {
          const others = { ...tested.unwritten(numbers, inputs), [output]: null };
          tested.call(kernels, numbers, { ...inputs, ...others });
          expect(bitsOf(others)).toEqual(bitsOf({ ...tested.run(kernels, numbers, inputs), [output]: null }));
        }
    });
}

function testProductsInBf16(tested: Tested): void {
  const { name, table } = tested;
  const { inBf16 } = tested.suite;
  if (!inBf16 || bf16Sets.length === 0) return;
  // What is rounded is the factors alone, so that the tolerance is that of float32.
  describe.each(bf16Sets)('$instructionSet in bf16', (kernels) => {
    test.each(table)('sums products of rounded factors: $name', (one) => {
      const received = tested.run(kernels, one.numbers, one.inputs);
      const expected = inBf16(one.numbers, one.inputs, roundedToBf16);
      tested.compare(`${name} [${kernels.instructionSet} in bf16] ${one.name}`, received, expected);
    });

    test('what products of the factors as they are give is far beyond the tolerance', () => {
      const [{ numbers, inputs, expected }] = table;
      expect(() => tested.compare(name, tested.run(kernels, numbers, inputs), expected())).toThrow(name);
    });
  });
}

function testRefusals(tested: Tested): void {
  const { name, description, fullest } = tested;
  const { numbers, inputs } = fullest;
  const refuse = (changed: { numbers?: object; arrays?: object }, message: string, argument?: string) => {
    const given: Arrays = { ...inputs, ...tested.unwritten(numbers, inputs), ...changed.arrays };
    const before = mapped(given, (array) => array?.slice() ?? null);
    for (const kernels of isSlowRun ? kernelSets : kernelSets.slice(-1)) {
      const error = thrownBy(() => tested.call(kernels, { ...numbers, ...changed.numbers }, given));
      expect(error.message).toContain(message);
      expect(error).toMatchObject({ code: 'USAGE', parts: { operation: name, ...(argument && { argument }) } });
    }
    // toEqual takes long over arrays.
    expect(isDeepStrictEqual(given, before)).toBe(true);
  };

  test.each(outOfRange(description))('refuses $argument of $value, before anything is written', ({ argument, value }) =>
    refuse({ numbers: { [argument]: value } }, 'expected an integer from', argument),
  );

  test.each(unfit(tested))('refuses $argument, $what, before anything is written', ({ argument, array, message }) =>
    refuse({ arrays: { [argument]: array } }, message, argument),
  );

  for (const [what, changed, message] of tested.suite.refusals ?? [])
    test(`refuses ${what}, before anything is written`, () => refuse({ numbers: changed }, message));
}

/** Values on either side of each number's range, and between two whole ones. */
function outOfRange({ numbers }: KernelDescription): { argument: string; value: number }[] {
  return Object.entries(numbers.fields).flatMap(([argument, { type, min = 0, max = 2 ** 31 - 1 }]) =>
    type === 'int32' ? [min - 1, max + 1, min + 0.5, NaN].map((value) => ({ argument, value })) : [],
  );
}

/** Each array in the ways in which it does not fit. */
function unfit(tested: Tested): { argument: string; what: string; array: unknown; message: string }[] {
  const { numbers, inputs } = tested.fullest;
  const arrays = { ...inputs, ...tested.unwritten(numbers, inputs) };
  const fields = { ...tested.description.inputs, ...tested.description.outputs };
  return Object.entries(fields).flatMap(([argument, { shape, below, optional, with: input }]) => {
    const array = arrays[argument];
    if (array === null) return [];
    const sizes = shape(numbers as never);
    const fits = `expected ${sizeOf(sizes)} values ([${sizes.join(',')}]), received ${array.length - 1};`;
    const ways = [
      { what: 'one value too short', array: array.slice(1), message: fits },
      { what: 'of bytes', array: new Uint8Array(array.length), message: ', received Uint8Array;' },
    ];
    const none = {
      what: 'that is null',
      array: null,
      message: input ? `, as ${input}, received null;` : ', received null;',
    };
    const levels = below ? [-1, below(numbers as never)] : [];
    const beyond = levels.map((level) => ({
      what: `a level of ${level}`,
      array: array.map((one, i) => (i === array.length - 1 ? level : one)),
      message: `expected levels from 0 to ${levels[1] - 1}, received ${level} at ${array.length - 1};`,
    }));
    return [...ways, ...(optional ? [] : [none]), ...beyond].map((way) => ({ argument, ...way }));
  });
}

function testTensors(tested: Tested): void {
  const { name, suite, fullest } = tested;
  const { numbers, inputs } = fullest;
  const { tensors, expects } = suite;
  if (!tensors || !expects) return;
  const tests = () => {
    test.each(expects)('a tensor of another shape is refused: %s', (input) =>
      tf.tidy(() => {
        const given = tested.tensorsOf(numbers, inputs);
        const { shape } = given[input]!;
        const other = [...shape.slice(0, -1), shape[shape.length - 1] + 1];
        const { code, message } = thrownBy(() => tensors(numbers, { ...given, [input]: tf.zeros(other) }));
        const [expected, received] = [shape, other].map((sizes) => `[${sizes.join(', ')}]`);
        expect(code).toBe('USAGE');
        expect(message).toContain(`${name}: ${input}: expected shape ${expected}, received ${received};`);
      }),
    );

    test('no tensor is left behind', () => {
      const given = tested.tensorsOf(numbers, inputs);
      const before = tf.memory().numTensors;
      tf.dispose(tensors(numbers, given) as tf.NamedTensorMap);
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(given as tf.NamedTensorMap);
    });

    if (suite.isConstant)
      test.each(expects)('no gradient goes through what was found, to %s', (input) =>
        tf.tidy(() => {
          const given = tested.tensorsOf(numbers, inputs);
          const loss = (x: Tensor) => {
            const [found] = Object.values(tensors(numbers, { ...given, [input]: x }));
            return tf.add<Scalar>(tf.sum(found!), tf.sum(tf.mul(x, 3)));
          };
          const gradient = Array.from(tf.grad(loss)(given[input]!).dataSync());
          expect(gradient.every((value) => value === 3)).toBe(true);
        }),
      );
  };
  describeEach(
    tests,
    implementations.filter(({ kernels }) => kernels === null),
  );
}

/** How many values belong to one of a number of images or rows, of arrays that have some for each. */
function partsOf(fields: KernelDescription['inputs'], numbers: Numbers, many: string): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [name, { shape }] of Object.entries(fields)) {
    const [one, two] = [1, 2].map((count) => sizeOf(shape({ ...numbers, [many]: count } as never)));
    if (two > one) parts[name] = one;
  }
  return parts;
}

/** The part of each array that belongs to one image or row; arrays that have no parts whole. */
function partAt(index: number, parts: Record<string, number>, arrays: Arrays): Arrays {
  return mapped(arrays, (array, name) =>
    array && name in parts ? array.slice(index * parts[name], (index + 1) * parts[name]) : array,
  );
}

/** Those of the arrays that have these names. */
const only = (names: object, arrays: Arrays): Arrays =>
  Object.fromEntries(Object.entries(arrays).filter(([name]) => name in names));

const mapped = <T, R>(fields: Readonly<Record<string, T>>, map: (field: T, name: string) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, map(field, name)]));

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function once<T>(compute: () => T): () => T {
  let result: T | undefined;
  return () => (result ??= compute());
}

function thrownBy(call: () => void): PxvError {
  try {
    call();
  } catch (error) {
    if (error instanceof PxvError) return error;
    throw error;
  }
  throw new Error('expected the call to throw');
}
