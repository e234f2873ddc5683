import { hostname } from 'node:os';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../foundation/frame.js';
import { writeFailure } from '../foundation/write-file.js';

/** Whether a name is that of an event file. */
export const isEventFile = (name: string) => name.startsWith('events.out.tfevents.');

/**
 * The log of a training as TensorBoard reads it: a file of events, each with the scalars or a picture of a step. Of a training that is resumed the first event
 * says so, and takes away what was logged after its step. Events are records of length, checksum, bytes and checksum; the bytes are a protocol
 * buffer (`tensorflow.Event`), of which these few fields are all that is needed.
 */
export class EventFile {
  private readonly path: string;

  /**
   * @param folder of the run
   * @param step updates done
   * @throws PxvError `OUTPUT` where it cannot be written
   */
  constructor(folder: string, step: number) {
    this.path = join(folder, `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}`);
    // fileVersion; it is named once, at the beginning.
    if (!existsSync(this.path)) this.write(0, bytesField(3, Buffer.from('brain.Event:2')));
    // sessionLog, with the status START.
    this.write(step + 1, bytesField(7, varintField(1, 1)));
  }

  /** @throws PxvError `OUTPUT` where it cannot be written */
  add({ step, ...scalars }: { step: number; [name: string]: number }): void {
    const values = Object.entries(scalars).map(([name, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), floatField(2, value)])),
    );
    this.write(step, bytesField(5, Buffer.concat(values)));
  }

  /** @param png of a picture of this size @throws PxvError `OUTPUT` where it cannot be written */
  addPicture(step: number, name: string, { width, height, channels }: Omit<Frame, 'data'>, png: Uint8Array): void {
    const numbers = [height, width, channels].map((value, at) => varintField(at + 1, value));
    const image = Buffer.concat([...numbers, bytesField(4, Buffer.from(png))]);
    const value = Buffer.concat([bytesField(1, Buffer.from(name)), bytesField(4, image)]);
    this.write(step, bytesField(5, bytesField(1, value)));
  }

  private write(step: number, what: Buffer): void {
    const event = Buffer.concat([doubleField(1, Date.now() / 1000), varintField(2, step), what]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(event.length));
    const record = Buffer.concat([length, checksum(length), event, checksum(event)]);
    try {
      appendFileSync(this.path, record);
    } catch (cause) {
      throw writeFailure(this.path, cause);
    }
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const varintField = (field: number, value: number) => Buffer.from([field << 3, ...varint(value)]);

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9, (field << 3) | 1);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5, (field << 3) | 5);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
}

/** CRC-32C, masked as records have it. zlib has the other CRC-32. */
function checksum(bytes: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const written = Buffer.alloc(4);
  written.writeUInt32LE(masked);
  return written;
}
