import { crc32 } from '../foundation/crc32.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Channels, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';

/**
 * Kinds of rounding of multiply-adds: product and sum rounded separately, or once, fused (FMA). A file is decoded with
 * the arithmetic that encoded the file.
 */
export const arithmetics = ['separate', 'fused'] as const;
/** Rounding of multiply-adds: an entry of `arithmetics`. */
export type Arithmetic = (typeof arithmetics)[number];

/** Header of a coded file. */
export interface CodedHeader extends Size {
  channels: Channels;
  /** Number of levels of a sub-pixel, 2 to 256. */
  levels: number;
  frameRate: FrameRate;
  /** Rounding of multiply-adds with which the file was encoded. */
  arithmetic: Arithmetic;
  /** Fingerprint of the model: see `computeFingerprint`. */
  model: string;
  /** Fingerprint of the image model for key frames; null: none. */
  stills: string | null;
  /** File of the model that is embedded in the coded file; null: none. */
  embedded: Uint8Array | null;
}

/**
 * Kinds of records in a coded file: its end, a frame predicted from the frames before, a key frame coded by an image
 * model (`still`), and a key frame as lossless WebP.
 */
export const recordKinds = { end: 0, predicted: 1, still: 2, webp: 3 } as const;
/** Kind of a record: a value of `recordKinds`. @inline */
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

/** Record of a coded file: a frame, or the end. */
export interface CodedRecord {
  kind: RecordKind;
  /** 0-based index of the frame in the clip; of the end record, the number of frames. */
  index: number;
  /** Coded bytes of the frame, of a key frame with the name of its still image; empty for the end. */
  payload: Uint8Array;
  /** Checksum of the record and of the frame's levels: see `recordChecksum`. */
  check: number;
}

const MAGIC = [0x89, 0x50, 0x58, 0x56];
/**
 * Version of the format, and of what a model's description means: a file of another version would decode to other
 * frames. Version 3: motion moves along with its content (docs/decisions/0008-frames-that-are-moved.md).
 */
const VERSION = 3;
const HASH_BYTES = 8;
/**
 * Bytes of a header without an embedded model: magic, version and kinds, size, frame rate, two fingerprints, length of
 * the embedded model, and the CRC-32 of the header and the embedded model.
 */
const HEADER_BYTES = 44;
/** Sync bytes of key frames, to find a key frame after damage. */
const MARK = [0xf3, 0x4b, 0x59];
/** Maximum bytes of an embedded model. */
const MAX_EMBEDDED_BYTES = 2 ** 28;
/** Maximum bytes of a payload per sub-pixel, plus a constant. */
const MAX_BYTES_PER_SUB_PIXEL = 5;
const SPARE_BYTES = 1024;

/**
 * Returns the CRC-32 of a record's kind, index, payload length and payload, and of the decoded levels of the frame.
 * @param levels levels of the frame; empty for the end record
 */
export function recordChecksum(kind: RecordKind, index: number, payload: Uint8Array, levels: Uint8Array): number {
  const numbers = new DataView(new ArrayBuffer(9));
  numbers.setUint8(0, kind);
  numbers.setUint32(1, index);
  numbers.setUint32(5, payload.length);
  return crc32(new Uint8Array(numbers.buffer), payload, levels);
}

/** Serializes the header of a coded file: docs/codec-format.md. */
export function writeHeader(header: CodedHeader): Uint8Array {
  const { embedded } = header;
  const bytes = new Uint8Array(HEADER_BYTES + (embedded?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes.set([VERSION, arithmetics.indexOf(header.arithmetic), header.channels, header.levels - 1], 4);
  view.setUint16(8, header.width);
  view.setUint16(10, header.height);
  view.setUint32(12, header.frameRate.numerator);
  view.setUint32(16, header.frameRate.denominator);
  bytes.set(bytesOfHash(header.model), 20);
  if (header.stills !== null) bytes.set(bytesOfHash(header.stills), 20 + HASH_BYTES);
  view.setUint32(36, embedded?.length ?? 0);
  if (embedded !== null) bytes.set(embedded, HEADER_BYTES);
  view.setUint32(40, crc32(bytes.subarray(0, 40), bytes.subarray(HEADER_BYTES)));
  return bytes;
}

/** Serializes a record of a coded file: docs/codec-format.md. */
export function writeRecord({ kind, index, payload, check }: CodedRecord): Uint8Array {
  const isMarked = kind === recordKinds.still || kind === recordKinds.webp;
  const head = [kind, ...(isMarked ? MARK : []), ...(kind === recordKinds.predicted ? [] : varint(index))];
  if (kind !== recordKinds.end) head.push(...varint(payload.length));
  return Uint8Array.from([...head, ...uint32(check), ...payload]);
}

/** Streaming reader of a coded file: the header first, then record after record. */
export class CodedReader {
  private bytes = new Uint8Array(0);
  private at = 0;
  private hasEnded = false;
  private maxPayload = 0;
  private readonly chunks: AsyncIterator<Uint8Array>;

  /** @param chunks bytes of the file, in order */
  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * Reads the header, which must be read first, and advances the position beyond the header.
   * @throws PxvError `INPUT` if the file is no coded file, or if its header is damaged
   */
  async header(): Promise<CodedHeader> {
    const bytes = await this.peek(HEADER_BYTES);
    if (bytes.length < 4 || MAGIC.some((byte, at) => bytes[at] !== byte)) throw unreadable('another kind of file');
    if (bytes.length < HEADER_BYTES) throw unreadable('a truncated header');
    if (bytes[4] !== VERSION) throw unreadable(`a file of version ${bytes[4]}, not ${VERSION}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const embeddedBytes = view.getUint32(36);
    const damaged = () => unreadable('a damaged header');
    if (embeddedBytes > MAX_EMBEDDED_BYTES) throw damaged();
    const whole = await this.peek(HEADER_BYTES + embeddedBytes);
    const first = new DataView(whole.buffer, whole.byteOffset);
    if (whole.length < HEADER_BYTES + embeddedBytes) throw unreadable('a truncated header');
    if (first.getUint32(40) !== crc32(whole.subarray(0, 40), whole.subarray(HEADER_BYTES))) throw damaged();
    const [, arithmetic, channels, highest] = whole.subarray(4);
    const [model, stills] = [20, 20 + HASH_BYTES].map((at) => toHexadecimal(whole.subarray(at, at + HASH_BYTES)));
    const header: CodedHeader = {
      width: first.getUint16(8),
      height: first.getUint16(10),
      channels: channels as Channels,
      levels: highest + 1,
      frameRate: { numerator: first.getUint32(12), denominator: first.getUint32(16) },
      arithmetic: arithmetics[arithmetic],
      model,
      stills: /^0+$/.test(stills) ? null : stills,
      embedded: embeddedBytes === 0 ? null : whole.slice(HEADER_BYTES),
    };
    const isSound = [1, 3].includes(channels) && highest >= 1 && arithmetic < arithmetics.length;
    const { width, height, frameRate } = header;
    if (!isSound || width * height * frameRate.numerator * frameRate.denominator === 0) throw damaged();
    this.at += HEADER_BYTES + embeddedBytes;
    this.maxPayload = MAX_BYTES_PER_SUB_PIXEL * width * height * channels + SPARE_BYTES;
    return header;
  }

  /**
   * Reads the record at the current position; `take` then advances the position beyond the record.
   *
   * @param next expected index: a record of a predicted frame stores no index and gets this one
   * @returns the record and its length in bytes; null if no record begins here, or if the file is truncated
   */
  async record(next: number): Promise<{ record: CodedRecord; bytes: number } | null> {
    const head = await this.peek(32);
    const kind = head[0] as RecordKind;
    const place = { at: 1 };
    if (kind === undefined || kind > recordKinds.webp) return null;
    if (kind >= recordKinds.still) {
      if (MARK.some((byte, at) => head[1 + at] !== byte)) return null;
      place.at += MARK.length;
    }
    const index = kind === recordKinds.predicted ? next : readVarint(head, place);
    const length = kind === recordKinds.end ? 0 : readVarint(head, place);
    const used = place.at + 4;
    const check = head.length < used ? NaN : new DataView(head.buffer, head.byteOffset).getUint32(used - 4);
    if (!(length <= this.maxPayload) || Number.isNaN(check) || Number.isNaN(index)) return null;
    const whole = await this.peek(used + length);
    if (whole.length < used + length) return null;
    return { record: { kind, index, payload: whole.slice(used), check }, bytes: used + length };
  }

  /** Advances the position by a number of bytes. */
  take(bytes: number): void {
    this.at += bytes;
  }

  /**
   * Advances to the beginning of the next key frame's record, found by its sync bytes, and returns true. Stays if the
   * record at the position is a key frame's. Returns false at the end of the file.
   */
  async seekKey(): Promise<boolean> {
    for (;;) {
      const bytes = await this.peek(1 + MARK.length);
      if (bytes.length <= MARK.length) return false;
      const isKey = bytes[0] >= recordKinds.still && bytes[0] <= recordKinds.webp;
      if (isKey && MARK.every((byte, at) => bytes[1 + at] === byte)) return true;
      this.at++;
    }
  }

  /** Closes the source of bytes. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  /** Returns the next `count` bytes without advancing; fewer at the end of the file. */
  private async peek(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [this.bytes.subarray(this.at)];
    let length = parts[0].length;
    while (length < count && !this.hasEnded) {
      const next = await this.chunks.next();
      if (next.done) {
        this.hasEnded = true;
        break;
      }
      parts.push(next.value);
      length += next.value.length;
    }
    // Joined once: to join after each chunk would take time that grows with the square of the length.
    if (parts.length > 1) {
      const joined = new Uint8Array(length);
      let end = 0;
      for (const part of parts) {
        joined.set(part, end);
        end += part.length;
      }
      [this.bytes, this.at] = [joined, 0];
    }
    return this.bytes.subarray(this.at, this.at + count);
  }
}

/**
 * Joins byte strings to one; each but the last is preceded by its length as a varint. Returns a single part as it is.
 */
export function concatenateStreams(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  return Uint8Array.from(parts.flatMap((part, at) => [...(at < parts.length - 1 ? varint(part.length) : []), ...part]));
}

/**
 * Splits a result of `concatenateStreams` into views of `bytes`. Truncated bytes give shorter or empty parts.
 * @param count number of byte strings that were joined
 */
export function splitStreams(bytes: Uint8Array, count: number): Uint8Array[] {
  const place = { at: 0 };
  return Array.from({ length: count }, (_, part) => {
    const length = part < count - 1 ? readVarint(bytes, place) : Infinity;
    const from = place.at;
    place.at = Math.min(bytes.length, from + (length || 0));
    return bytes.subarray(from, place.at);
  });
}

/** Reads a varint at a place, which moves behind the varint. Returns NaN if the bytes end before that. */
function readVarint(bytes: Uint8Array, place: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (place.at >= bytes.length) return NaN;
    const byte = bytes[place.at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return value;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function uint32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}

/** Returns bytes as hexadecimal digits. */
export const toHexadecimal = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function bytesOfHash(hash: string): Uint8Array {
  return Uint8Array.from({ length: HASH_BYTES }, (_, at) => parseInt(hash.slice(2 * at, 2 * at + 2), 16));
}

function unreadable(received: string): PxvError {
  return errorFactory('INPUT', 'decode')('the file', 'a file of pxv encode', received, 'check the file');
}
