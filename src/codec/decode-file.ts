import { createReadStream } from 'node:fs';
import { decodeFrames, assertArithmetic } from '../coding/decode-frames.js';
import { CodedReader, type CodedHeader } from '../coding/format.js';
import { findFileModels } from '../coding/file-models.js';
import { errorFactory, PxvError } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { framesPerSecond } from '../foundation/frame-rate.js';
import { loadModel } from '../model/checkpoint.js';
import { resizeModel } from '../model/resize-model.js';
import { listShippedModels } from '../model/shipped-models.js';
import { checkOutput, frameFileName, writeClip } from '../video/index.js';
import { webpCoder } from '../video/lossless-webp.js';
import { fitScoringBatch } from '../memory/memory-limits.js';
import { imageOutputPath } from './images-of-folder.js';
import { decodeFileFields } from './options.js';
import { parseOptions, type OptionsOf } from '../options/fields.js';

/** How `decodeFile` reads, and where it writes. */
export type DecodeFileOptions = OptionsOf<typeof decodeFileFields>;

/** A file that was read. */
export interface DecodedFile extends Size {
  /** What was written. */
  path: string;
  /** Frames that were written, or images. */
  frames: number;
  /** Whether they are images, under the names that they had. */
  isStillImages: boolean;
  /** Frames a second. */
  frameRate: number;
  /** Stretches of frames that damage has cost, which are not in the clip; the end is null where it is not known. */
  lost: { from: number; to: number | null }[];
}

/** What a file says before its frames. @throws PxvError `INPUT` where it is no file of `encodeClip`, or its beginning is damaged */
export async function readCodedHeader(path: string): Promise<CodedHeader> {
  const reader = new CodedReader(bytesOf(path));
  return named(path, () => reader.header()).finally(() => reader.close());
}

/**
 * Reads a file that `encodeClip` has written, to the same frames. Behind damage they go on with the next key frame.
 *
 * @throws PxvError `INPUT` where the file cannot be read, or not one frame of it; `CHECKPOINT` where the model that wrote it is not here; `USAGE`
 *   where this machine rounds otherwise than the one that wrote it; `OUTPUT` where the clip cannot be written; the signal's reason where it
 *   is aborted
 */
export async function decodeFile(path: string, asked: DecodeFileOptions): Promise<DecodedFile> {
  const options = parseOptions('decode', decodeFileFields, asked);
  const { out, overwrite = false, signal, onFrame } = options;
  await checkOutput(out, { overwrite, inputs: [path] });
  const reader = new CodedReader(bytesOf(path));
  const header = await named(path, () => reader.header());
  const { width, height, channels, frameRate } = header;
  const others = [...(options.model === undefined ? [] : [options.model]), ...listShippedModels()];
  assertArithmetic(header);
  const loading = others.map((name) => () => loadModel(name));
  const models = await named(path, () => findFileModels(header, loading));
  // Refuses a size that memory does not hold.
  fitScoringBatch(resizeModel(models.model, header), 1, true);
  const lost: DecodedFile['lost'] = [];
  const names: string[] = [];
  let frames = 0;
  async function* read(): AsyncGenerator<Frame, void> {
    for await (const each of decodeFrames(reader, header, { models, webp: webpCoder(header, channels), signal })) {
      if ('frame' in each) {
        frames++;
        if (each.name !== '') names.push(imageOutputPath(each.name));
        onFrame?.(frames);
        yield each.frame;
        continue;
      }
      lost.push(each.lost);
    }
    if (frames === 0)
      throw errorFactory('INPUT', 'decode')(path, 'a frame that is whole', 'none', 'get the file again');
  }
  // Whether they have names is known once the first one is there.
  const fileOf = (index: number) => names[index] ?? frameFileName(index);
  await writeClip(out, read(), { frameRate, signal, fileOf });
  const isStillImages = names.length > 0;
  return { path: out, width, height, frames, isStillImages, frameRate: framesPerSecond(frameRate), lost };
}

function bytesOf(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 16 });
}

/** Has an error speak of the file by its name. */
async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PxvError) throw new PxvError({ ...error.parts, argument: path }, { cause: error });
    const { message } = error as Error;
    throw errorFactory('INPUT', 'decode')(path, 'a file that can be read', message, 'check the path', { cause: error });
  }
}
