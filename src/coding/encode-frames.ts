import { currentInstructionSet } from '../backend/current-backend.js';
import { errorFactory } from '../foundation/errors.js';
import type { Frame } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { bytesToLevels, type Levels } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import { disposeExamples, ExampleBuffer, FrameHistory } from '../conditioning/context/examples.js';
import { arithmeticFamily, computeFingerprint } from './fingerprint.js';
import {
  recordChecksum,
  concatenateStreams,
  recordKinds,
  writeHeader,
  writeRecord,
  type RecordKind,
} from './format.js';
import { FrameCoder } from './frame-coder.js';

/** Maximum width and height of a coded frame, and of WebP, in pixels. */
const MAX_SIDE = 2 ** 16 - 1;
const MAX_WEBP_SIDE = 16_383;

/** Lossless codec of single frames, without a model. */
export interface StillCodec {
  /** Encodes a frame losslessly. */
  encode(frame: Frame): Promise<Uint8Array>;
  /** Decodes a result of `encode` to the frame's `data`. Given other bytes, resolves to arbitrary bytes or rejects. */
  decode(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Size and kind of an encoded frame. */
export interface EncodedFrame {
  /** 0-based index of the frame in the clip. */
  index: number;
  /** Kind of the frame's record. */
  kind: RecordKind;
  /** Size of the frame's record, in bytes. */
  bytes: number;
  /** Ideal code length by the model's probabilities, in bits; of a WebP key frame, 8 times its bytes. */
  bits: number;
}

/** Options for `encodeFrames`. */
export interface EncodeOptions {
  /** Frame rate to store in the header. */
  frameRate: FrameRate;
  /**
   * Number of frames from one key frame to the next, the first at frame 0. Ignored for still images and for an image
   * model, where every frame is a key frame.
   */
  keyFrameInterval: number;
  /** Names of still images, one per frame; each image becomes a key frame. Undefined: the frames are a clip. */
  names?: readonly string[] | undefined;
  /**
   * Image model of the same size and colours, for key frames. With a video model, this or `webp` is required. Ignored
   * if the frames are encoded by an image model. Default: none.
   */
  keyFrameModel?: Model | undefined;
  /** Lossless WebP codec for key frames. The smaller of WebP and the image model's code is written. Default: none. */
  webp?: StillCodec | undefined;
  /** Bytes of the model's file, to embed in the coded file. Default: null, none. */
  embedded?: Uint8Array | null;
  /** Batch size: number of frames computed at once. Default: 8. */
  batch?: number;
  /** Called with each encoded frame. */
  onFrame?: (written: EncodedFrame) => void;
  /** Signal that aborts encoding: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Encoded frame with the bytes of its record. */
type FrameRecord = EncodedFrame & { record: Uint8Array };

/**
 * Encodes frames losslessly and yields the bytes of a coded file, record after record: docs/codec-format.md. With an
 * image model every frame is a key frame.
 *
 * @param model model of the frames' size and colours
 * @param frames frames, quantized to the model's levels
 * @throws PxvError `USAGE` if the current backend has no native kernels; `INPUT` if a frame has another size than the
 *   model's; `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted; errors of `frames`
 */
export async function* encodeFrames(
  model: Model,
  frames: AsyncIterable<Frame>,
  options: EncodeOptions,
): AsyncGenerator<Uint8Array, void> {
  const { frameRate, keyFrameInterval, names, keyFrameModel, webp, onFrame, signal } = options;
  const { embedded = null, batch = 8 } = options;
  const shape = model.chain.exampleShape;
  const isOfImages = shape.context === 0;
  const stills = isOfImages ? model : keyFrameModel;
  const coder = new FrameCoder(model);
  const stillCoder = stills === undefined ? null : isOfImages ? coder : new FrameCoder(stills);
  const buffer = new ExampleBuffer(shape, batch);
  /** Frames whose examples are in `buffer`. */
  let waiting: { index: number; levels: Levels }[] = [];

  async function* predictedRecords(): AsyncGenerator<FrameRecord, void> {
    if (waiting.length === 0) return;
    const examples = buffer.tensors();
    const coded = await coder.encode(examples).finally(() => disposeExamples(examples));
    for (const [at, { index, levels }] of waiting.entries()) {
      const { scales, bits } = coded[at];
      yield recordOf(recordKinds.predicted, index, concatenateStreams(scales), levels, bits);
    }
    waiting = [];
    buffer.clear();
  }
  async function* frameRecords(): AsyncGenerator<FrameRecord, void> {
    let history = new FrameHistory(shape);
    let index = 0;
    for await (const frame of frames) {
      signal?.throwIfAborted();
      const levels = bytesToLevels(shape, frame.data);
      if (isOfImages || names !== undefined || index % keyFrameInterval === 0) {
        yield* predictedRecords();
        history = new FrameHistory(shape);
        const { kind, parts, bits } = await encodeKeyFrame(stillCoder, webp, frame, levels);
        const name = new TextEncoder().encode(names?.[index] ?? '');
        yield recordOf(kind, index, concatenateStreams([name, ...parts]), levels, bits);
      } else {
        history.addExample(buffer, frame.data);
        waiting.push({ index, levels });
        if (buffer.full) yield* predictedRecords();
      }
      history.push(frame.data);
      index++;
    }
    yield* predictedRecords();
  }
  try {
    const { size, channels, levels } = shape;
    const side = Math.max(size.width, size.height);
    const maxSide = stillCoder === null ? MAX_WEBP_SIDE : MAX_SIDE;
    if (side > maxSide) throw refused('size', `sides of at most ${maxSide}`, String(side), 'give a smaller --size');
    yield writeHeader({
      ...size,
      channels,
      levels,
      frameRate,
      arithmetic: arithmeticFamily(currentInstructionSet()),
      embedded,
      model: await computeFingerprint(model),
      stills: stills === undefined ? null : await computeFingerprint(stills),
    });
    let count = 0;
    for await (const { record, ...frame } of frameRecords()) {
      count++;
      onFrame?.(frame);
      yield record;
    }
    yield recordOf(recordKinds.end, count, new Uint8Array(0), new Uint8Array(0), 0).record;
  } finally {
    coder.dispose();
    if (!isOfImages) stillCoder?.dispose();
  }
}

/** Code of a key frame: the byte strings of its payload after the name, and the ideal code length in bits. */
interface KeyFrameCode {
  kind: RecordKind;
  parts: readonly Uint8Array[];
  bits: number;
}

/** Encodes a key frame by an image model and by WebP, as available, and returns the smaller code. */
async function encodeKeyFrame(
  coder: FrameCoder | null,
  webp: StillCodec | undefined,
  frame: Frame,
  levels: Levels,
): Promise<KeyFrameCode> {
  const found: KeyFrameCode[] = [];
  if (coder !== null) {
    const { scales, bits } = await coder.encodeOne(levels);
    found.push({ kind: recordKinds.still, parts: scales, bits });
  }
  if (webp !== undefined && Math.max(frame.width, frame.height) <= MAX_WEBP_SIDE) {
    const bytes = await webp.encode(frame);
    found.push({ kind: recordKinds.webp, parts: [bytes], bits: 8 * bytes.length });
  }
  return found.reduce((a, b) => (lengthOf(b.parts) < lengthOf(a.parts) ? b : a));
}

function recordOf(kind: RecordKind, index: number, payload: Uint8Array, levels: Uint8Array, bits: number): FrameRecord {
  const record = writeRecord({ kind, index, payload, check: recordChecksum(kind, index, payload, levels) });
  return { index, kind, bytes: record.length, bits, record };
}

const refused = errorFactory('INPUT', 'encode');

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);
