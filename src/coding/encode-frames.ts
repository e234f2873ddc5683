import { currentInstructionSet } from '../backend/current-backend.js';
import type { Frame } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { bytesToLevels, type Levels } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import { disposeExamples, ExampleBuffer, FrameHistory } from '../conditioning/context/examples.js';
import { arithmeticFamily, computeFingerprint } from './fingerprint.js';
import { singleProcess, mapRoundRobin, type ProcessGroup } from '../distributed/process-group.js';
import {
  recordChecksum,
  concatenateStreams,
  recordKinds,
  writeHeader,
  writeRecord,
  type RecordKind,
} from './format.js';
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
  kind: RecordKind;
  /** Of its record. */
  bytes: number;
  /** By the model's probabilities; of WebP those of its bytes. */
  bits: number;
}

/** How frames are written. */
export interface EncodeOptions {
  frameRate: FrameRate;
  /** Frames from one key frame to the next; the first frame is one. */
  keyFrameInterval: number;
  /** What pictures are called that stand for themselves: each is a key frame. Undefined: they are a clip. */
  names?: readonly string[] | undefined;
  /** A model of images of the same size and colours, for key frames; undefined: none. */
  keyFrameModel?: Model | undefined;
  /** WebP without loss, for key frames: of each the smaller is taken. */
  webp?: StillCoder | undefined;
  /** The model's own file, to stand in this one. */
  embedded?: Uint8Array | null;
  /** Frames computed together. */
  batch?: number;
  /** Called with each frame that is written. */
  onFrame?: (written: WrittenFrame) => void;
  /** The processes that encode stretches in turn, of which each gets the whole file. Default: this one alone. */
  processGroup?: ProcessGroup | undefined;
  signal?: AbortSignal | undefined;
}

/** Frames that are written together, and the records that come of them. */
interface Stretch {
  /** Whether it is one frame, which needs none before it. */
  isKey: boolean;
  frames: readonly { index: number; frame: Frame; levels: Levels }[];
}
type Records = readonly { written: WrittenFrame; bytes: Uint8Array }[];

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
  {
    frameRate,
    keyFrameInterval,
    names,
    webp,
    embedded = null,
    batch = 8,
    onFrame,
    processGroup = singleProcess,
    signal,
    ...asked
  }: EncodeOptions,
): AsyncGenerator<Uint8Array, void> {
  const shape = model.chain.exampleShape;
  const isOfImages = shape.context === 0;
  const stills = isOfImages ? model : asked.keyFrameModel;
  const coder = new FrameCoder(model);
  const stillCoder = stills === undefined ? null : isOfImages ? coder : new FrameCoder(stills);
  const buffer = new ExampleBuffer(shape, batch);
  let count = 0;

  async function* stretches(): AsyncGenerator<Stretch, void> {
    let history = new FrameHistory(shape);
    let waiting: { index: number; frame: Frame; levels: Levels }[] = [];
    function* predicted(): Generator<Stretch, void> {
      if (waiting.length === 0) return;
      yield { isKey: false, frames: waiting };
      waiting = [];
      buffer.clear();
    }
    for await (const frame of frames) {
      signal?.throwIfAborted();
      const next = { index: count++, frame, levels: bytesToLevels(shape, frame.data) };
      if (isOfImages || names !== undefined || next.index % keyFrameInterval === 0) {
        yield* predicted();
        history = new FrameHistory(shape);
        yield { isKey: true, frames: [next] };
      } else {
        history.addExample(buffer, frame.data);
        waiting.push(next);
        if (buffer.full) yield* predicted();
      }
      history.push(frame.data);
    }
    yield* predicted();
  }
  const predictedRecords = async ({ frames }: Stretch): Promise<Records> => {
    const examples = buffer.tensors();
    const coded = await coder.encode(examples);
    disposeExamples(examples);
    return frames.map(({ index, levels }, at) => {
      return recordOf(recordKinds.predicted, index, concatenateStreams(coded[at].scales), levels, coded[at].bits);
    });
  };
  const keyRecord = async ({ frames: [{ index, frame, levels }] }: Stretch): Promise<Records> => {
    const found: { kind: RecordKind; parts: readonly Uint8Array[]; bits: number }[] = [];
    if (stillCoder !== null) {
      const { scales, bits } = await stillCoder.encodeOne(levels);
      found.push({ kind: recordKinds.still, parts: scales, bits });
    }
    if (webp !== undefined) {
      const bytes = await webp.encode(frame);
      found.push({ kind: recordKinds.webp, parts: [bytes], bits: 8 * bytes.length });
    }
    const { kind, parts, bits } = found.reduce((a, b) => (lengthOf(b.parts) < lengthOf(a.parts) ? b : a));
    const name = new TextEncoder().encode(names?.[index] ?? '');
    return [recordOf(kind, index, concatenateStreams([name, ...parts]), levels, bits)];
  };
  try {
    const { size, channels, levels } = shape;
    yield writeHeader({
      ...{ ...size, channels, levels, frameRate, arithmetic: arithmeticFamily(currentInstructionSet()), embedded },
      model: await computeFingerprint(model),
      stills: stills === undefined ? null : await computeFingerprint(stills),
    });
    const recordsOf = (stretch: Stretch) => (stretch.isKey ? keyRecord(stretch) : predictedRecords(stretch));
    for await (const [, records] of mapRoundRobin(processGroup, stretches(), recordsOf)) {
      for (const { written, bytes } of records) {
        onFrame?.(written);
        yield bytes;
      }
    }
    yield recordOf(recordKinds.end, count, new Uint8Array(0), new Uint8Array(0), 0).bytes;
  } finally {
    coder.dispose();
    if (!isOfImages) stillCoder?.dispose();
  }
}

function recordOf(
  kind: RecordKind,
  index: number,
  payload: Uint8Array,
  levels: Uint8Array,
  bits: number,
): Records[number] {
  const bytes = writeRecord({ kind, index, payload, check: recordChecksum(kind, index, payload, levels) });
  return { written: { index, kind, bytes: bytes.length, bits }, bytes };
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);
