import { instructionSetInUse } from '../backend/backend-in-use.js';
import type { Frame } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { levelsOf, type Levels } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import { disposeExamples, ExampleBuffer } from '../model/examples.js';
import { Past } from '../model/past.js';
import { arithmeticOf, fingerprintOf } from './fingerprint.js';
import { checkOf, joined, kinds, writeHeader, writeRecord, type Kind } from './format.js';
import { FrameCoder } from './frame-coder.js';

/** Writes a picture by itself, and reads it back. */
export interface StillCoder {
  encode(frame: Frame): Promise<Uint8Array>;
  /** @returns bytes of the frame; anything where `bytes` are not what `encode` gave */
  decode(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A frame that was written. */
export interface WrittenFrame {
  index: number;
  kind: Kind;
  /** Of its record. */
  bytes: number;
  /** By the model's probabilities; of WebP those of its bytes. */
  bits: number;
}

/** How frames are written. */
export interface EncodeSettings {
  frameRate: FrameRate;
  /** Frames from one key frame to the next; the first frame is one. */
  keyEvery: number;
  /** What pictures are called that stand for themselves: each is a key frame. Undefined: they are a clip. */
  names?: readonly string[] | undefined;
  /** A model of images of the same size and colours, for key frames; undefined: none. */
  stills?: Model | undefined;
  /** WebP without loss, for key frames: of each the smaller is taken. */
  webp?: StillCoder | undefined;
  /** The model's own file, to stand in this one. */
  embedded?: Uint8Array | null;
  /** Frames computed together. */
  batch?: number;
  /** Called with each frame that is written. */
  onFrame?: (written: WrittenFrame) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Writes frames as a file, part by part as they come: docs/codec-format.md. With a model of images every frame is a key frame.
 *
 * @param model of the frames' size and colours
 * @param frames at the model's levels
 * @throws the signal's reason once it is aborted
 */
export async function* encodeFrames(
  model: Model,
  frames: AsyncIterable<Frame>,
  { frameRate, keyEvery, names, webp, embedded = null, batch = 8, onFrame, signal, ...asked }: EncodeSettings,
): AsyncGenerator<Uint8Array, void> {
  const shape = model.chain.exampleShape;
  const isOfImages = shape.context === 0;
  const stills = isOfImages ? model : asked.stills;
  const coder = new FrameCoder(model);
  const stillCoder = stills === undefined ? null : isOfImages ? coder : new FrameCoder(stills);
  const buffer = new ExampleBuffer(shape, batch);
  let past = new Past(shape);
  let waiting: { index: number; levels: Levels }[] = [];
  let index = 0;

  const recordOf = (kind: Kind, at: number, payload: Uint8Array, levels: Uint8Array, bits: number): Uint8Array => {
    const bytes = writeRecord({ kind, index: at, payload, check: checkOf(kind, at, payload, levels) });
    if (kind !== kinds.end) onFrame?.({ index: at, kind, bytes: bytes.length, bits });
    return bytes;
  };
  async function* predicted(): AsyncGenerator<Uint8Array, void> {
    if (waiting.length === 0) return;
    const examples = buffer.tensors();
    const coded = await coder.encode(examples);
    disposeExamples(examples);
    buffer.clear();
    for (const [at, { index: of, levels }] of waiting.entries())
      yield recordOf(kinds.predicted, of, joined(coded[at].scales), levels, coded[at].bits);
    waiting = [];
  }
  const keyOf = async (frame: Frame, levels: Levels): Promise<Uint8Array> => {
    const found: { kind: Kind; parts: readonly Uint8Array[]; bits: number }[] = [];
    if (stillCoder !== null) {
      const { scales, bits } = await stillCoder.encodeOne(levels);
      found.push({ kind: kinds.still, parts: scales, bits });
    }
    if (webp !== undefined) {
      const bytes = await webp.encode(frame);
      found.push({ kind: kinds.webp, parts: [bytes], bits: 8 * bytes.length });
    }
    const { kind, parts, bits } = found.reduce((a, b) => (lengthOf(b.parts) < lengthOf(a.parts) ? b : a));
    const name = new TextEncoder().encode(names?.[index] ?? '');
    return recordOf(kind, index, joined([name, ...parts]), levels, bits);
  };
  try {
    const { size, channels, levels } = shape;
    yield writeHeader({
      ...{ ...size, channels, levels, frameRate, arithmetic: arithmeticOf(instructionSetInUse()), embedded },
      model: await fingerprintOf(model),
      stills: stills === undefined ? null : await fingerprintOf(stills),
    });
    for await (const frame of frames) {
      signal?.throwIfAborted();
      const own = levelsOf(shape, frame.data);
      if (isOfImages || names !== undefined || index % keyEvery === 0) {
        yield* predicted();
        past = new Past(shape);
        yield await keyOf(frame, own);
      } else {
        past.addExample(buffer, frame.data);
        waiting.push({ index, levels: own });
        if (buffer.full) yield* predicted();
      }
      past.push(frame.data);
      index++;
    }
    yield* predicted();
    yield recordOf(kinds.end, index, new Uint8Array(0), new Uint8Array(0), 0);
  } finally {
    coder.dispose();
    if (!isOfImages) stillCoder?.dispose();
  }
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);
