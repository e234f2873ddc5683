import { instructionSetInUse } from '../backend/backend-in-use.js';
import { errorsOf } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import { bytesOf, levelsOf, type Levels } from '../foundation/levels.js';
import { atSize } from '../model/at-size.js';
import type { Model } from '../model/model.js';
import { Past } from '../model/past.js';
import type { StillCoder } from './encode-frames.js';
import { arithmeticOf } from './fingerprint.js';
import { checkOf, kinds, parted, type CodedHeader, type CodedReader, type CodedRecord } from './format.js';
import { FrameCoder } from './frame-coder.js';

/** A frame of a file, or those that damage has cost. */
export type DecodedFrame =
  | { index: number; frame: Frame }
  | { lost: { from: number; /** Null: to the end, wherever that was. */ to: number | null } };

/** What a file is read by. */
export interface DecodeSettings {
  /** The models that the header names, at any size; null: none is named. */
  models: { model: Model; stills: Model | null };
  webp: StillCoder;
  signal?: AbortSignal | undefined;
}

/**
 * Reads the frames of a file as it comes. A frame is given only where it is the very one that was written; behind damage frames go on with the
 * next key frame.
 *
 * @param reader whose `header` was read
 * @throws PxvError `USAGE` where this machine computes in another way than the one that wrote the file; the signal's reason once it is aborted
 */
export async function* decodeFrames(
  reader: CodedReader,
  header: CodedHeader,
  { models, webp, signal }: DecodeSettings,
): AsyncGenerator<DecodedFrame, void> {
  expectArithmetic(header);
  const model = atSize(models.model, header);
  const shape = model.chain.exampleShape;
  const coder = new FrameCoder(model);
  const isOfImages = shape.context === 0;
  const stills = isOfImages ? coder : models.stills && new FrameCoder(atSize(models.stills, header));
  let past = new Past(shape);
  let next = 0;
  /** Whether the frames before the next one are known. */
  let isKnown = true;

  /** Null where it is not the frame that was written. */
  const levelsOfRecord = async ({ kind, index, payload, check }: CodedRecord): Promise<Levels | null> => {
    let levels: Levels;
    if (kind === kinds.predicted) {
      if (next === 0 || isOfImages) return null;
      levels = await coder.decode(Past.examples([past]), parted(payload, model.chain.scales.length), signal);
    } else if (kind === kinds.still) {
      if (stills === null) return null;
      levels = await stills.decodeOne(parted(payload, stills.model.chain.scales.length), signal);
    } else {
      const bytes = await webp.decode(payload);
      if (bytes.length !== header.width * header.height * header.channels) return null;
      levels = levelsOf(shape, bytes);
    }
    return checkOf(kind, index, payload, levels) === check ? levels : null;
  };

  try {
    for (;;) {
      signal?.throwIfAborted();
      const found = await reader.record(next);
      const record = found?.record;
      if (record?.kind === kinds.end && isKnown && record.index === next && isSoundEnd(record)) return;
      const isNext = record !== undefined && (isKnown ? record.index === next : record.index >= next);
      const levels = isNext && record.kind !== kinds.end ? await levelsOfRecord(record) : null;
      if (levels === null) {
        if (found !== null || !isKnown) reader.take(1);
        isKnown = false;
        if (await reader.seekKey()) continue;
        yield { lost: { from: next, to: null } };
        return;
      }
      if (record!.index > next) yield { lost: { from: next, to: record!.index - 1 } };
      reader.take(found!.bytes);
      if (record!.kind !== kinds.predicted) past = new Past(shape);
      const data = bytesOf(shape, levels);
      past.push(data);
      isKnown = true;
      next = record!.index + 1;
      yield { index: next - 1, frame: { width: header.width, height: header.height, channels: header.channels, data } };
    }
  } finally {
    coder.dispose();
    if (!isOfImages) stills?.dispose();
    await reader.close();
  }
}

function isSoundEnd({ kind, index, check }: CodedRecord): boolean {
  const none = new Uint8Array(0);
  return checkOf(kind, index, none, none) === check;
}

function expectArithmetic({ arithmetic }: CodedHeader): void {
  const set = instructionSetInUse();
  if (arithmeticOf(set) === arithmetic) return;
  const [expected, remedy] =
    arithmetic === 'separate'
      ? ['wasm or portable, which round as the machine that wrote the file', 'use --instruction-set portable, or wasm']
      : [
          'avx2, avx512, amx or neon, which round as the machine that wrote the file',
          'read it on such a machine, or write it with --instruction-set portable',
        ];
  throw errorsOf('USAGE', 'decode')('the instruction set', expected, set, remedy);
}
