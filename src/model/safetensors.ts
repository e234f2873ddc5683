import { readFileSync } from 'node:fs';
import { writeFileAtomically } from '../foundation/write-file.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  checkpointError,
  type FloatType,
  type SafetensorsFile,
} from './safetensors-format.js';

/** Writes a safetensors file, atomically. @throws PxvError `OUTPUT` if the file cannot be written */
export function writeSafetensors(path: string, file: SafetensorsFile, dtype: FloatType = 'F32'): void {
  writeFileAtomically(path, encodeSafetensors(file, dtype) as NodeJS.ArrayBufferView[]);
}

/**
 * Reads a safetensors file with arrays of float32 or float16.
 * @throws PxvError `CHECKPOINT` if the file is missing, cut short, or not of this format
 */
export function readSafetensors(path: string): SafetensorsFile {
  return decodeSafetensors(readBytes(path), path);
}

/**
 * Reads the bytes of a safetensors file, without decoding them.
 * @throws PxvError `CHECKPOINT` if the file cannot be read
 */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const received = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(cause);
    const remedy = 'check the path, or list the shipped models with `pxv models`';
    throw checkpointError(path, 'a safetensors file', received, remedy, { cause });
  }
}
