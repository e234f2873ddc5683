import { createReadStream } from 'node:fs';
import { decodeFrames, assertArithmetic } from '../../coding/decode-frames.js';
import { CodedReader, type CodedHeader } from '../../coding/format.js';
import { findFileModels } from '../../coding/file-models.js';
import { errorFactory, PxvError } from '../../foundation/errors.js';
import type { Frame, Size } from '../../foundation/frame.js';
import { framesPerSecond } from '../../foundation/frame-rate.js';
import { loadModel } from '../../model/checkpoint.js';
import { resizeModel } from '../../model/resize-model.js';
import { listShippedModels } from '../../model/shipped-models.js';
import { checkOutput, frameFileName, writeClip } from '../../video/index.js';
import { createWebpCodec } from '../../video/lossless-webp.js';
import { assertDecodingMemory } from '../../memory/memory-limits.js';
import { imageOutputPath } from './images-of-folder.js';
import { decodeFileFields } from './options.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';

/** Options for `decodeFile`. @interface */
export type DecodeFileOptions = OptionsOf<typeof decodeFileFields>;

/** Result of `decodeFile`. Width and height are those of the frames, in pixels. */
export interface DecodedFile extends Size {
  /** Path of the output: a folder or a file. */
  path: string;
  /** Number of frames or images written. */
  frames: number;
  /** True if the output is still images under their names, false if it is a clip. */
  isStillImages: boolean;
  /** Frames per second. */
  frameRate: number;
  /** Ranges of frames lost to damage, both ends included; they are absent from the output. `to` is null if unknown. */
  lost: { from: number; to: number | null }[];
}

/**
 * Reads the header of a coded file.
 * @throws PxvError `INPUT` if the file cannot be read, is no file of `encodeClip`, or has a damaged header
 */
export async function readCodedHeader(path: string): Promise<CodedHeader> {
  const reader = new CodedReader(bytesOf(path));
  return named(path, () => reader.header()).finally(() => reader.close());
}

/**
 * Decodes a file of `encodeClip` to the same frames and writes them to `out`. After damage, decoding resumes at the
 * next key frame.
 *
 * @throws PxvError `INPUT` if the file cannot be read, or if no frame is intact; `CHECKPOINT` if the model is not
 *   found; `USAGE` if an option is invalid, or if this machine's arithmetic differs from the encoder's; `OUTPUT` if
 *   `out` cannot be written; `DEPENDENCY` if FFmpeg is needed and missing; `RESOURCES` if memory is short; the signal's
 *   reason if aborted
 */
export async function decodeFile(path: string, asked: DecodeFileOptions): Promise<DecodedFile> {
  const { out, overwrite = false, model, signal, onFrame } = parseOptions('decode', decodeFileFields, asked);
  const confirm = () => checkOutput(out, { overwrite, inputs: [path] });
  await confirm();
  const reader = new CodedReader(bytesOf(path));
  try {
    const header = await named(path, () => reader.header());
    const { width, height, channels, frameRate } = header;
    assertArithmetic(header);
    const loading = [model ?? [], listShippedModels()].flat().map((name) => () => loadModel(name));
    const models = await named(path, () => findFileModels(header, loading));
    const decoding = models.stills === null ? [models.model] : [models.model, models.stills];
    assertDecodingMemory(decoding.map((one) => resizeModel(one, header)));
    const lost: DecodedFile['lost'] = [];
    const names: string[] = [];
    let frames = 0;
    async function* read(): AsyncGenerator<Frame, void> {
      const webp = createWebpCodec(header, channels);
      for await (const each of decodeFrames(reader, header, { models, webp, signal })) {
        if ('lost' in each) {
          lost.push(each.lost);
          continue;
        }
        frames++;
        if (each.name !== '') names.push(imageOutputPath(each.name));
        onFrame?.(frames);
        yield each.frame;
      }
      if (frames === 0) throw errorFactory('INPUT', 'decode')(path, 'an intact frame', 'none', 'get the file again');
    }
    // Names of images are known from the first frame on.
    const fileOf = (index: number) => names[index] ?? frameFileName(index);
    await writeClip(out, read(), { frameRate, signal, fileOf, confirm });
    const isStillImages = names.length > 0;
    return { path: out, width, height, frames, isStillImages, frameRate: framesPerSecond(frameRate), lost };
  } finally {
    await reader.close();
  }
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 16 }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw unreadable(path, cause as Error);
  }
}

function unreadable(path: string, cause: Error): PxvError {
  return errorFactory('INPUT', 'decode')(path, 'a file that can be read', cause.message, 'check the path', { cause });
}

/** Runs `work`; errors name the file. @throws PxvError the code of `work`, else `INPUT` */
async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PxvError) throw new PxvError({ ...error.parts, argument: path }, { cause: error });
    throw unreadable(path, error as Error);
  }
}
