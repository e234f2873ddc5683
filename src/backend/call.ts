import type { ArrayField, ArrayTypes, KernelDescription, NumberField } from './kernels/description.js';
import { drawing } from './kernels/drawing.js';
import { assertInteger, argumentError, GEOMETRY_VERSION } from './kernels/geometry.js';
import type { FloatMemory } from './buffer-pool.js';
import { descriptions, type InstructionSet, type KernelFunctions, type Kernels } from './kernels/index.js';
import { PROGRAM_VERSION } from './program-version.js';

/** Typed array that a kernel call passes. */
export type CallArray = ArrayTypes[keyof ArrayTypes];
type CallValues = Readonly<Record<string, unknown>>;

/**
 * Memory layout of a kernel call: scalar arguments, then a pointer for each array. The layout is the same on every
 * machine, but for the size of pointers.
 */
export interface CallLayout {
  /** Scalar arguments in order of their byte offsets. */
  numbers: readonly { name: string; type: NumberField['type']; offset: number }[];
  /** Bytes of the scalar arguments, a multiple of 8. */
  bytes: number;
  /** Arrays in order: the geometry if there is one, inputs, outputs. `written`: true for outputs. */
  arrays: readonly { name: string; type: keyof ArrayTypes; written: boolean }[];
}

const constructors: Record<keyof ArrayTypes, string> = {
  float: 'Float32Array',
  double: 'Float64Array',
  uint8_t: 'Uint8Array',
  int16_t: 'Int16Array',
  int32_t: 'Int32Array',
  uint32_t: 'Uint32Array',
};

/** Returns the memory layout of a kernel's calls. Scalars of 8 bytes come first, so that there is no padding. */
export function callLayout({ numbers, inputs, outputs }: KernelDescription): CallLayout {
  const sizeOf = ({ type }: NumberField) => (type === 'float64' ? 8 : 4);
  const fields = Object.entries(numbers.fields).sort(([, a], [, b]) => sizeOf(b) - sizeOf(a));
  let bytes = 0;
  const placed = fields.map(([name, field]) => {
    const offset = bytes;
    bytes += sizeOf(field);
    return { name, type: field.type, offset };
  });
  const arraysOf = (fields: KernelDescription['inputs'], written: boolean) =>
    Object.entries(fields).map(([name, { type = 'float' }]) => ({ name, type, written }));
  const geometry = numbers.geometry ? [{ name: 'shape', type: 'int32_t' as const, written: false }] : [];
  return {
    numbers: placed,
    bytes: Math.ceil(bytes / 8) * 8,
    arrays: [...geometry, ...arraysOf(inputs, false), ...arraysOf(outputs, true)],
  };
}

/**
 * Returns a hash of the call layouts and versions, which compiled code must share: a different hash means that calls or
 * programs would be misread.
 */
function signatureOf(layouts: readonly (readonly [name: string, CallLayout | number])[]): number {
  let hash = 0x811c9dc5;
  for (const character of JSON.stringify(layouts)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/** Writer of a kernel's calls: checks the arguments and lays them out. C++ checks nothing. */
export class CallWriter {
  readonly layout: CallLayout;
  /** Scalar arguments of the last call that `write` laid out. */
  readonly numbers: Uint8Array;
  private readonly view: DataView;
  private readonly integers: readonly (readonly [name: string, NumberField])[];
  private readonly fields: readonly (readonly [name: string, ArrayField<never>])[];

  constructor(
    /** Name of the kernel in errors. */
    readonly name: string,
    private readonly description: KernelDescription,
  ) {
    this.layout = callLayout(description);
    this.numbers = new Uint8Array(this.layout.bytes);
    this.view = new DataView(this.numbers.buffer);
    this.integers = Object.entries(description.numbers.fields).filter(([, { type }]) => type === 'int32');
    this.fields = [...Object.entries(description.inputs), ...Object.entries(description.outputs)];
  }

  /**
   * Checks a call, writes its scalar arguments into `numbers`, and returns the arrays in the layout's order.
   * @param values scalar arguments by name, and `shape` if the kernel has a geometry
   * @param arrays arrays by name; an optional array that is absent is null
   * @throws PxvError `USAGE` if a number is out of range or an array does not fit the numbers
   */
  write(values: CallValues, arrays: CallValues): (CallArray | null)[] {
    this.checkNumbers(values);
    for (const { name, type, offset } of this.layout.numbers) {
      const value = Number(values[name]);
      if (type === 'float32') this.view.setFloat32(offset, value, true);
      else if (type === 'float64') this.view.setFloat64(offset, value, true);
      else this.view.setInt32(offset, value, true);
    }
    const { geometry } = this.description.numbers;
    const checked: (CallArray | null)[] = geometry ? [geometry.encode(this.name, values.shape)] : [];
    for (const [name, field] of this.fields) checked.push(this.checkArray(name, field, values as never, arrays));
    return checked;
  }

  private checkNumbers(values: CallValues): void {
    for (const [name, { min, max }] of this.integers) assertInteger(this.name, name, values[name] as number, min, max);
    if (this.description.limits)
      for (const [name, value] of Object.entries(this.description.limits(values as never)))
        assertInteger(this.name, name, value);
  }

  private checkArray(name: string, field: ArrayField<never>, values: never, arrays: CallValues): CallArray | null {
    const array = arrays[name] as CallArray | null;
    const { type = 'float', with: input } = field;
    if (input !== undefined && !array !== !arrays[input])
      throw argumentError(this.name, name, `${array ? 'null' : 'an array'}, as ${input}`, array ? 'an array' : 'null');
    if (array === null && (field.optional || input !== undefined)) return null;
    if (array?.[Symbol.toStringTag] !== constructors[type])
      throw argumentError(this.name, name, `a ${constructors[type]}`, array?.[Symbol.toStringTag] ?? String(array));
    const shape = field.shape(values);
    let length = 1;
    for (const size of shape) length *= size;
    if (array.length !== length)
      throw argumentError(this.name, name, `${length} values ([${shape.join(',')}])`, `${array.length}`);
    if (field.below) this.checkLevels(name, array as Int32Array, field.below(values));
    return array;
  }

  private checkLevels(argument: string, array: Int32Array, levels: number): void {
    for (let i = 0; i < array.length; i++)
      if (array[i] < 0 || array[i] >= levels)
        throw argumentError(this.name, argument, `levels from 0 to ${levels - 1}`, `${array[i]} at ${i}`);
  }
}

/**
 * Function that runs a kernel. `kernel` is its index in the C++ table, `call` holds the scalar arguments, and `arrays`
 * is the result of `call.write`.
 */
export type RunKernel = (kernel: number, call: CallWriter, arrays: readonly (CallArray | null)[]) => void;

const writers = Object.entries(descriptions).map(([name, description]) => new CallWriter(name, description));

/**
 * Hash of the call layouts of all kernels and of the engine, and of the versions of the engine's programs and of
 * encoded shapes, 32 bits. A
 * native addon or WebAssembly module with another hash was built for another version.
 */
export const kernelSignature = signatureOf([
  ...writers.map(({ name, layout }) => [name, layout] as const),
  ['drawing', callLayout(drawing as unknown as KernelDescription)],
  ['program', PROGRAM_VERSION],
  ['geometry', GEOMETRY_VERSION],
]);

/**
 * Returns the kernels of one instruction set as functions, which check each call and pass the call to `run`.
 * @param memory allocator of the memory that tensors of the kernels use
 */
export function kernelsOver(instructionSet: InstructionSet, memory: FloatMemory, run: RunKernel): Kernels {
  const functions = writers.map((writer, index) => [
    writer.name,
    (numbers: CallValues, arrays: CallValues) => run(index, writer, writer.write(numbers, arrays)),
  ]);
  return { instructionSet, memory, ...(Object.fromEntries(functions) as KernelFunctions) };
}
