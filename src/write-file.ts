import { appendFileSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { PxvError } from './errors.js';

/** Writes a file whole or not at all. @throws PxvError `OUTPUT` where the system refuses */
export function replaceFile(path: string, parts: readonly NodeJS.ArrayBufferView[]): void {
  const temporary = `${path}.${process.pid}.partial`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (const part of parts) writeWhole(file, part);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

/** Adds a line to the end of a file, which is made where it is missing. @throws PxvError `OUTPUT` where the system refuses */
export function appendLine(path: string, line: string): void {
  try {
    appendFileSync(path, `${line}\n`);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function writeWhole(file: number, part: NodeJS.ArrayBufferView): void {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}

function unwritable(path: string, cause: unknown): PxvError {
  return new PxvError(
    {
      code: 'OUTPUT',
      operation: 'write file',
      argument: path,
      expected: 'a place that can be written',
      received: cause instanceof Error ? cause.message : String(cause),
      remedy: 'choose another folder or free some space',
    },
    { cause },
  );
}
