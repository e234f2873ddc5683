import { currentInstructionSet } from '../backend/current-backend.js';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import type { Model } from '../model/model.js';
import { levelsToBytes, bytesToLevels, type Levels } from '../foundation/levels.js';
import { resizeModel } from '../model/resize-model.js';
import { FrameHistory } from '../conditioning/context/examples.js';
import type { StillCodec } from './encode-frames.js';
import { arithmeticFamily } from './fingerprint.js';
import {
  recordChecksum,
  recordKinds,
  splitStreams,
  type CodedHeader,
  type CodedReader,
  type CodedRecord,
} from './format.js';
import { FrameCoder } from './frame-coder.js';
import type { FileModels } from './file-models.js';

/** Decoded frame, or a range of frames lost to damage. */
export type DecodedFrame =
  | {
      /** 0-based index of the frame in the clip. */
      index: number;
      frame: Frame;
      /** Name of a still image as the file states it: untrusted. Empty for a frame of a clip. */
      name: string;
    }
  | { lost: { from: number; /** Index of the last lost frame; null: to the unknown end. */ to: number | null } };

/** Options for `decodeFrames`. */
export interface DecodeOptions {
  /** Models that the header names: see `findFileModels`. */
  models: FileModels;
  /** Decoder of WebP key frames, of the header's size and channels. */
  webp: Pick<StillCodec, 'decode'>;
  /** Signal that aborts decoding: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Decodes the frames of a coded file as its bytes arrive. Yields only frames whose checksum is right, and ranges of
 * lost frames. After damage, decoding resumes at the next key frame. Closes `reader`.
 *
 * @param reader reader after `reader.header()`
 * @param header result of `reader.header()`
 * @throws PxvError as `assertArithmetic` and `FrameCoder.decode`; the signal's reason if aborted
 */
export async function* decodeFrames(
  reader: CodedReader,
  header: CodedHeader,
  { models, webp, signal }: DecodeOptions,
): AsyncGenerator<DecodedFrame, void> {
  assertArithmetic(header);
  assertShape(header, models.model);
  if (models.stills) assertShape(header, models.stills);
  const model = resizeModel(models.model, header);
  const shape = model.chain.exampleShape;
  const coder = new FrameCoder(model);
  const isOfImages = shape.context === 0;
  const stills = isOfImages ? coder : models.stills && new FrameCoder(resizeModel(models.stills, header));
  let history = new FrameHistory(shape);
  let next = 0;
  /** True if the frame before `next` was decoded. */
  let isKnown = true;

  /** Decodes a record; returns null if its checksum is wrong. */
  const read = async ({ kind, index, payload, check }: CodedRecord) => {
    let levels: Levels;
    let name: Uint8Array = new Uint8Array(0);
    if (kind === recordKinds.predicted) {
      if (next === 0 || isOfImages) return null;
      const scales = splitStreams(payload, model.chain.scales.length);
      levels = await coder.decode(FrameHistory.examples([history]), scales, signal);
    } else if (kind === recordKinds.still) {
      if (stills === null) return null;
      const [first, ...scales] = splitStreams(payload, 1 + stills.model.chain.scales.length);
      [name, levels] = [first, await stills.decodeOne(scales, signal)];
    } else {
      const [first, picture] = splitStreams(payload, 2);
      const bytes = await webp.decode(picture);
      if (bytes.length !== header.width * header.height * header.channels) return null;
      [name, levels] = [first, bytesToLevels(shape, bytes)];
    }
    if (recordChecksum(kind, index, payload, levels) !== check) return null;
    return { levels, name: new TextDecoder().decode(name) };
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const found = await reader.record(next);
      const record = found?.record;
      if (record?.kind === recordKinds.end && isKnown && record.index === next && isSoundEnd(record)) return;
      const isNext = record !== undefined && (isKnown ? record.index === next : record.index >= next);
      const picture = isNext && record.kind !== recordKinds.end ? await read(record) : null;
      if (picture === null) {
        if (found !== null || !isKnown) reader.take(1);
        isKnown = false;
        if (await reader.seekKey()) continue;
        yield { lost: { from: next, to: null } };
        return;
      }
      if (record!.index > next) yield { lost: { from: next, to: record!.index - 1 } };
      reader.take(found!.bytes);
      if (record!.kind !== recordKinds.predicted) history = new FrameHistory(shape);
      const data = levelsToBytes(shape, picture.levels);
      history.push(data);
      isKnown = true;
      next = record!.index + 1;
      const { width, height, channels } = header;
      yield { index: next - 1, name: picture.name, frame: { width, height, channels, data } };
    }
  } finally {
    coder.dispose();
    if (!isOfImages) stills?.dispose();
    await reader.close();
  }
}

function isSoundEnd({ kind, index, check }: CodedRecord): boolean {
  const none = new Uint8Array(0);
  return recordChecksum(kind, index, none, none) === check;
}

/**
 * Checks that this machine can decode a file.
 * @throws PxvError `USAGE` if the current instruction set is of another `arithmeticFamily` than the file
 */
export function assertArithmetic({ arithmetic }: CodedHeader): void {
  const set = currentInstructionSet();
  if (arithmeticFamily(set) === arithmetic) return;
  const [expected, remedy] =
    arithmetic === 'separate'
      ? ['wasm or portable, which round as the machine that wrote the file', 'use --instruction-set portable, or wasm']
      : [
          'avx2, avx512, amx or neon, which round as the machine that wrote the file',
          'read it on such a machine, or write it with --instruction-set portable',
        ];
  throw errorFactory('USAGE', 'decode')('the instruction set', expected, set, remedy);
}

/** @throws PxvError `CHECKPOINT` if a model has other channels or levels than the frames of the file */
function assertShape({ channels, levels }: CodedHeader, { name, chain }: Model): void {
  const { exampleShape: own } = chain;
  if (own.channels === channels && own.levels === levels) return;
  const [expected, received] = [{ channels, levels }, own].map(
    (shape) => `${pluralize(shape.channels, 'channel')} of ${shape.levels} levels`,
  );
  throw errorFactory('CHECKPOINT', 'decode')(name, expected, received, 'check the file: no model of pxv wrote it');
}
