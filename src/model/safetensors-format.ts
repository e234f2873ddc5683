import { z } from 'zod';
import { PxvError } from '../foundation/errors.js';
import { fromHalves, toHalf } from '../foundation/half-precision.js';
import { parseJson } from '../foundation/parse-json.js';

/** Array of a safetensors file: values in row-major order, with their shape. */
export interface NamedArray {
  shape: readonly number[];
  data: Float32Array;
}

/** Contents of a safetensors file: arrays by name, and text by key. */
export interface SafetensorsFile {
  arrays: Map<string, NamedArray>;
  metadata: Record<string, string>;
}

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string()).default({});
const headerSchema = z.record(z.string(), z.unknown());

/** Type of the numbers in a file, by the format's names: float32, or float16 rounded to the nearest. @inline */
export type FloatType = 'F32' | 'F16';

/** Maximum length of the header in bytes, by the format. */
const LONGEST_HEADER = 100_000_000;

/**
 * Encodes a safetensors file as consecutive parts: the header's length in 8 bytes, the header in JSON, the arrays.
 * @param dtype type of the numbers of all arrays in the file
 */
export function encodeSafetensors({ arrays, metadata }: SafetensorsFile, dtype: FloatType = 'F32'): ArrayBufferView[] {
  const header: Record<string, z.infer<typeof entrySchema> | Record<string, string>> = { __metadata__: metadata };
  let offset = 0;
  const body = [...arrays].map(([name, { shape, data }]) => {
    const numbers = dtype === 'F32' ? data : Uint16Array.from(data, toHalf);
    header[name] = { dtype, shape: [...shape], data_offsets: [offset, offset + numbers.byteLength] };
    offset += numbers.byteLength;
    return numbers;
  });
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 * Math.ceil(json.length / 8)).fill(' '.charCodeAt(0));
  padded.set(json);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...body];
}

/**
 * Decodes the bytes of a safetensors file with arrays of float32 or float16.
 * @param path name of the file in errors
 * @throws PxvError `CHECKPOINT` if the file is cut short or not of this format
 */
export function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const headerLength =
    bytes.length >= 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)) : Infinity;
  if (headerLength > LONGEST_HEADER || 8 + headerLength > bytes.length)
    throw broken(path, `${bytes.length} bytes, too few for the header`);
  const json = parseJson(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
  if (json === undefined) throw broken(path, 'a header that is not JSON');
  const header = headerSchema.safeParse(json);
  if (!header.success) throw broken(path, 'a header that is not an object');
  const { __metadata__: text, ...entries } = header.data;
  const metadata = metadataSchema.safeParse(text);
  if (!metadata.success) throw broken(path, 'metadata that are not text');
  const body = bytes.subarray(8 + headerLength);
  const arrays = new Map<string, NamedArray>();
  let rest = body.length;
  for (const [name, entry] of Object.entries(entries)) {
    const { bytes: count, ...array } = readArray(path, name, entry, body);
    // Bytes that belong to several tensors would take more memory than the file has bytes.
    rest -= count;
    if (rest < 0) throw broken(path, `tensor '${name}' in bytes of another one`);
    arrays.set(name, array);
  }
  return { arrays, metadata: metadata.data };
}

/** Reads an array, and returns the number of bytes that it has in the file too. */
function readArray(path: string, name: string, value: unknown, body: Uint8Array): NamedArray & { bytes: number } {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) throw broken(path, `tensor '${name}' without a proper type, shape or place`);
  const { dtype, shape, data_offsets: offsets } = entry.data;
  if (dtype !== 'F32' && dtype !== 'F16') throw broken(path, `tensor '${name}' of type ${dtype}`);
  const count = shape.reduce((product, side) => product * side, 1);
  const [begin, end] = offsets;
  const bytes = dtype === 'F32' ? 4 : 2;
  if (end > body.length || end - begin !== bytes * count)
    throw broken(path, `tensor '${name}' of ${count} values at bytes ${begin} to ${end} of ${body.length}`);
  // In a file, numbers may start at any byte.
  const numbers = dtype === 'F32' ? new Float32Array(count) : new Uint16Array(count);
  new Uint8Array(numbers.buffer).set(body.subarray(begin, end));
  return { shape, data: numbers instanceof Uint16Array ? fromHalves(numbers) : numbers, bytes: end - begin };
}

function broken(path: string, received: string): PxvError {
  const remedy = 'use another checkpoint; this file is damaged or of another kind';
  return checkpointError(path, 'a complete safetensors file of float32 or float16 tensors', received, remedy);
}

/** Returns a `CHECKPOINT` error for a file that cannot be read as a checkpoint. */
export function checkpointError(
  path: string,
  expected: string,
  received: string,
  remedy = 'use a checkpoint that this version of pxv wrote',
  options?: ErrorOptions,
): PxvError {
  return new PxvError(
    { code: 'CHECKPOINT', operation: 'read model', argument: path, expected, received, remedy },
    options,
  );
}
