import { createWriteStream, readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { encodeFrames } from '../../coding/encode-frames.js';
import { recordKinds } from '../../coding/format.js';
import type { Size } from '../../foundation/frame.js';
import { framesPerSecond } from '../../foundation/frame-rate.js';
import { writeAtomically } from '../../foundation/write-file.js';
import { resizeModel } from '../../model/resize-model.js';
import { loadModel, resolveModelFile } from '../../model/checkpoint.js';
import { assertLikelihood, type Model } from '../../model/model.js';
import { countSubPixels } from '../../model/chain.js';
import { createWebpCodec } from '../../video/lossless-webp.js';
import { assertFileOutput, assertNotInput, listInputFiles } from '../../video/index.js';
import { openClipForModel, keepAspectRatio, sizeWarning } from '../open-clip-for-model.js';
import { fitScoringBatch } from '../../memory/memory-limits.js';
import { listStillImages, openImages } from './images-of-folder.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { encodeClipFields } from './options.js';

/** Options for `encodeClip`. @interface */
export type EncodeClipOptions = OptionsOf<typeof encodeClipFields>;

/**
 * Result of `encodeClip`: a coded file of a clip or of still images. Width and height are those of the frames, in
 * pixels.
 */
export interface EncodedClip extends Size {
  /** Path of the file. */
  path: string;
  /** Number of frames or images in the file. */
  frames: number;
  /** True if the file holds still images with their names, false if it holds a clip. */
  isStillImages: boolean;
  /** Frames per second. */
  frameRate: number;
  /** Size of the file, in bytes. */
  bytes: number;
  /** Number of key frames, and the sum of the bytes of their records. */
  keyFrames: { frames: number; bytes: number };
  /** Bits/dim of the whole file. */
  bitsPerDim: number;
  /**
   * Ideal bits/dim of the frames by the model's probabilities, without container overhead. Key frames in WebP count
   * with their bytes.
   */
  modelBitsPerDim: number;
}

/** Image model for key frames of clips with 3 channels and 256 levels. */
const STILLS = 'cifar';
/** Maximum batch size. */
const MAX_BATCH = 8;

/**
 * Encodes a clip losslessly by the model's likelihood and writes the coded file atomically; `decodeFile` decodes it. A
 * folder holds still images if its file names differ in more than numbers, or if `trained` is an image model.
 *
 * @param trained video or image model
 * @param path video file, or folder of images
 * @throws PxvError `USAGE` if an option is invalid; `INPUT` if the clip cannot be read; `OUTPUT` if the file cannot be
 *   written; `DEPENDENCY` if FFmpeg is needed and missing; `CHECKPOINT` if a model is not found or its probabilities
 *   are not finite; `RESOURCES` if memory is short; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, decodeFile, encodeClip, loadModel } from 'pxv';
 *
 * await chooseBackend();
 * const size = { width: 32, height: 32 };
 * await encodeClip(loadModel('video-64'), 'examples/asl_yes.mkv', { out: 'yes.pxv', size });
 * const { frames } = await decodeFile('yes.pxv', { out: 'frames/' });
 * console.log(frames);
 * ```
 */
export async function encodeClip(trained: Model, path: string, asked: EncodeClipOptions): Promise<EncodedClip> {
  const options = parseOptions('encode', encodeClipFields, asked);
  const { out, keyFrameInterval, withModel = false, overwrite = false } = options;
  const { signal, onFrame, onWarning } = options;
  assertLikelihood(trained, 'encode');
  const files = await listStillImages(path, trained);
  await assertNotInput(out, files ?? (await listInputFiles(path)));
  const confirm = () => assertFileOutput(out, { overwrite, operation: 'encode' });
  await confirm();
  const wanted = { ...options, ...keepAspectRatio(trained, options) };
  const images = files && (await openImages(trained, path, files, wanted));
  const clip = images ?? (await openClipForModel(trained, path, 'encode', wanted));
  const { size, frameRate, estimatedFrames } = clip;
  const warning = sizeWarning(trained, size);
  if (warning !== null) onWarning?.(warning);
  const model = resizeModel(trained, size);
  const { channels, levels, context } = model.chain.exampleShape;
  const batch = fitScoringBatch(model, MAX_BATCH, true);
  const keyFrameModel =
    context > 0 && channels === 3 && levels === 256 ? resizeModel(loadModel(STILLS), size) : undefined;
  const found = { frames: 0, bits: 0, bytes: 0, keyFrames: { frames: 0, bytes: 0 } };
  const coded = encodeFrames(model, clip.frames(), {
    frameRate,
    keyFrameInterval,
    names: images?.names,
    batch,
    keyFrameModel,
    webp: createWebpCodec(size, channels),
    signal,
    embedded: withModel ? readFileSync(resolveModelFile(trained.name)) : null,
    onFrame: (frame) => {
      found.frames++;
      found.bits += frame.bits;
      if (frame.kind !== recordKinds.predicted) {
        found.keyFrames.frames++;
        found.keyFrames.bytes += frame.bytes;
      }
      onFrame?.(frame, estimatedFrames);
    },
  });
  async function* counted() {
    for await (const part of coded) {
      found.bytes += part.length;
      yield part;
    }
  }
  await writeAtomically(out, (temporary) => pipeline(counted(), createWriteStream(temporary)), { confirm });
  if (clip.warning !== null) onWarning?.(clip.warning);
  const all = found.frames * countSubPixels(model.chain);
  const { frames, bits, bytes, keyFrames } = found;
  const per = { bitsPerDim: (8 * bytes) / all, modelBitsPerDim: bits / all };
  const facts = { isStillImages: images !== null, frameRate: framesPerSecond(frameRate) };
  return { path: out, ...size, frames, ...facts, bytes, keyFrames, ...per };
}
