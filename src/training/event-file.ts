import { hostname } from 'node:os';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../foundation/frame.js';
import { attemptWrite } from '../foundation/write-file.js';

const PREFIX = 'events.out.tfevents.';

/** Returns true if `name` is the file name of a TensorBoard event file. */
export const isEventFile = (name: string) => name.startsWith(PREFIX);

/**
 * TensorBoard log of a training: a file of events, each with the scalars or an image of a step. The first event of a
 * resumed training makes TensorBoard drop the events after its step. Events are records of length, checksum, bytes and
 * checksum. The bytes are a protocol buffer (`tensorflow.Event`), of which only the fields here are needed.
 */
export class EventFile {
  private readonly path: string;

  /**
   * Starts a log at `step` in a new file. TensorBoard reads files by the time in their names, in seconds since 1970.
   * The new file's time is after the times of all others in the folder, also if the clock was set back.
   * @param folder existing run folder
   * @param step number of updates done
   * @throws PxvError `OUTPUT` if the file cannot be written
   */
  constructor(folder: string, step: number) {
    const times = readdirSync(folder).filter(isEventFile).map(timeOf);
    const time = Math.max(Math.floor(Date.now() / 1000), ...times.map((one) => one + 1));
    this.path = join(folder, `${PREFIX}${time}.${hostname()}`);
    // fileVersion, named once at the start of a file.
    this.write(0, bytesField(3, Buffer.from('brain.Event:2')));
    // sessionLog, with the status START.
    this.write(step + 1, bytesField(7, varintField(1, 1)));
  }

  /**
   * Appends the scalars of a step; each key but `step` is the name of a scalar.
   * @throws PxvError `OUTPUT` if the file cannot be written
   */
  add({ step, ...scalars }: { step: number; [name: string]: number }): void {
    const values = Object.entries(scalars).map(([name, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), floatField(2, value)])),
    );
    this.write(step, bytesField(5, Buffer.concat(values)));
  }

  /**
   * Appends an image of a step under a name.
   * @param png encoded image of the given width, height and channels
   * @throws PxvError `OUTPUT` if the file cannot be written
   */
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
    attemptWrite(this.path, () => appendFileSync(this.path, record));
  }
}

/** Returns the time in the name of an event file in seconds, or 0 if there is none. */
function timeOf(name: string): number {
  return parseInt(name.slice(PREFIX.length), 10) || 0;
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

/** Returns the CRC-32C of `bytes`, masked as event records require. zlib has only the other CRC-32. */
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
