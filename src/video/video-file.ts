import { statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import { framesPerSecond, formatFrameRate, type FrameRate } from '../foundation/frame-rate.js';
import { pluralize } from '../foundation/pluralize.js';
import { isArrayFile } from './clip-address.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { type FfmpegOutcome, readOutput, startFfmpeg } from './ffmpeg-run.js';
import { constantFrameRate, defaultFrameRate, isRate, rateVaries } from './constant-rate.js';
import { imageFormats, type ImageReadOptions } from './image-folder.js';
import { parseVideoStream } from './stream-info.js';
import { scanTimestamps } from './timestamps.js';

/** Facts about a video file that are known before its frames are read. */
export interface VideoInfo {
  path: string;
  /** Size of the upright frame with square pixels. */
  size: Size;
  /** Constant frame rate at which the file is read unless another is requested. */
  frameRate: FrameRate;
  /** True if the file states `frameRate`; false if its frames have no times and are read as if at a constant rate. */
  hasFrameRate: boolean;
  /**
   * Spacing of the timestamps. `uneven`: at no constant rate. `missing`: some are absent, and all frames are read at
   * the file's rate.
   */
  times: 'even' | 'uneven' | 'missing';
  /** Duration in seconds, as the file states; null if unknown. */
  duration: number | null;
  /** True if the video has an alpha channel. */
  hasAlpha: boolean;
  /** FFmpeg options that must precede the input (`-i`). */
  inputOptions: readonly string[];
  /** Seconds from the first frame to the last, at which reading stops; null to read to the file's end. */
  span: number | null;
}

/**
 * Options of FFmpeg's filter `scale`: area averaging, rounding instead of truncation, chroma at full resolution,
 * bit-exact arithmetic, and full-range output.
 */
export const scaler = 'flags=area+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact:out_range=full';

/** Returns expressions of FFmpeg for the smallest width and height that cover `w` x `h`, by the aspect ratio `dar`. */
export function coveringSides(w: number, h: number): [string, string] {
  return [`max(${w},round(${h}*dar))`, `max(${h},round(${w}/dar))`];
}

/** Returns input options that make timestamps from the order of the frames: `-r` before `-i`. */
const inOrderAt = (frameRate: FrameRate) => ['-r', formatFrameRate(frameRate)];

/** File that `prefetchProbe` is probing. */
let ahead: { path: string; facts: Promise<VideoInfo> } | null = null;

/**
 * Starts to probe a file in the background, so that the next `probeVideo`, if of the same path, waits less. Does
 * nothing for an array, and if `path` is no file. Errors surface in `probeVideo`.
 */
export function prefetchProbe(path: string, signal?: AbortSignal): void {
  if (isArrayFile(path) || !statSync(path, { throwIfNoEntry: false })?.isFile()) return;
  ahead = { path, facts: lookAt(path, signal) };
  ahead.facts.catch(() => {});
}

/**
 * Probes a video file by decoding the first frame of its first video stream. If `prefetchProbe` has probed the file,
 * the signal given there applies, and `signal` is ignored.
 * @throws PxvError `INPUT` if there is no frame, or none within 60 s; `DEPENDENCY` if there is no FFmpeg, or another
 *   program ended it; the signal's reason if aborted
 */
export function probeVideo(path: string, signal?: AbortSignal): Promise<VideoInfo> {
  const facts = ahead?.path === path ? ahead.facts : lookAt(path, signal);
  ahead = null;
  return facts;
}

async function lookAt(path: string, signal?: AbortSignal): Promise<VideoInfo> {
  let inputOptions: string[] = [];
  let { size, base, stream } = await decodeFirstPicture(path, inputOptions, signal);
  if (stream.alphaInSideStream) {
    // Only libvpx decodes the alpha of VP8 and VP9. Without libvpx the frame is opaque.
    const withAlpha = ['-c:v', stream.codec === 'vp8' ? 'libvpx' : 'libvpx-vp9'];
    const again = await decodeFirstPicture(path, withAlpha, signal).catch(() => null);
    if (again) [{ size, base, stream }, inputOptions] = [again, withAlpha];
  }
  const known = { path, size, duration: stream.duration, hasAlpha: stream.hasAlpha, hasFrameRate: true, inputOptions };
  // Matroska and WebM files have one duration for all frames, or none, whatever the timestamps.
  const pictures = stream.container.startsWith('matroska') ? await scanTimestamps(path, signal) : null;
  if (pictures?.haveTimes === false && isRate(base)) {
    // For example if times begin before 0, which the format does not allow. FFmpeg of 2018 does not find the end of
    // such a file.
    const span = (pictures.count - 1) / framesPerSecond(base);
    return { ...known, frameRate: base, times: 'missing', inputOptions: [...inputOptions, ...inOrderAt(base)], span };
  }
  const counted = pictures?.timing;
  // Frames that are never shown, as in VP8, make the counted rate too high.
  const average = counted ? Math.min(framesPerSecond(counted.frameRate), framesPerSecond(base)) : stream.averageRate;
  const stated = constantFrameRate(base, average);
  const isUneven = isRate(base) ? rateVaries(base, average) : counted?.times === 'uneven';
  const isAnimation = stream.codec === 'gif' || stream.codec === 'apng';
  if (stated && !isAnimation) return { ...known, frameRate: stated, times: isUneven ? 'uneven' : 'even', span: null };

  // FFmpeg judges an animation by its first few delays, and its last frame is often held for seconds.
  const { count, timing } = await scanTimestamps(path, signal);
  if (timing) return { ...known, ...timing };
  inputOptions = [...inputOptions, ...inOrderAt(defaultFrameRate)];
  // FFmpeg of 2018 would repeat a single frame for its whole duration.
  const span = count === 1 ? 0 : null;
  return { ...known, frameRate: defaultFrameRate, hasFrameRate: false, times: 'even', inputOptions, span };
}

/**
 * FFmpeg's formats of text and character art. They hold no frames: FFmpeg types them on a virtual screen, and takes any
 * file with a name such as notes.txt for one.
 */
const characterArt = new Set(['tty', 'bin', 'xbin', 'adf', 'idf']);

/**
 * Decodes the first frame of a file. Returns its size, the base rate for `constantFrameRate`, and the stream's facts.
 */
async function decodeFirstPicture(path: string, inputOptions: string[], signal?: AbortSignal) {
  const log: string[] = [];
  const squarePixels = "scale=w='round(iw*max(1,sar))':h='round(ih/min(1,sar))'";
  const run = await startFfmpeg({
    input: path,
    inputOptions,
    outputOptions: ['-map', '0:V:0', '-frames:v', '1', '-filter:v', squarePixels, '-f', 'framecrc'],
    onLine: (line) => line.startsWith('[info]') && log.push(line),
  });
  const report = await text(readOutput(run, path, signal));
  // framecrc writes a header with lines such as `#tb 0: 1001/30000` and `#dimensions 0: 192x108`, then a line per
  // frame.
  const tick = /^#tb 0: (\d+)\/(\d+)/m.exec(report);
  const size = /^#dimensions 0: (\d+)x(\d+)/m.exec(report);
  const stream = parseVideoStream(log);
  const drawn = stream?.container.split(',').find((name) => characterArt.has(name));
  if (drawn !== undefined)
    throw withoutPictures(path, `a text, which FFmpeg would type on a screen (its format '${drawn}')`, giveAClip);
  if (!tick || !size || !stream || !/^0,/m.test(report)) throw noPicture(path, await run.finished);
  return {
    size: { width: Number(size[1]), height: Number(size[2]) },
    base: { numerator: Number(tick[2]), denominator: Number(tick[1]) },
    stream,
  };
}

/** Options for reading the frames of a video file. */
export interface VideoReadOptions extends ImageReadOptions {
  /**
   * Target frame rate. Default: the file's own. Ignored if the file states none: then all frames are read as they are.
   */
  frameRate?: FrameRate | undefined;
}

/** Log line of FFmpeg if the frames' size or range changes and the filters are rebuilt. FFmpeg of 2018 logs nothing. */
const newFilters = 'Reconfiguring filter graph because';

/**
 * Yields the frames of a file at a constant rate, scaled to `size`.
 * @param onDamage called at most once, with one line, at the end or when the loop is left. Reports errors that FFmpeg
 *   logged, a truncated file, and frames that may be lost where the frame size changed
 * @throws PxvError `INPUT` if no frame could be read, or none came within 60 s; `DEPENDENCY` if there is no FFmpeg, or
 *   another program ended it; the signal's reason if aborted
 */
export async function* readVideo(
  video: VideoInfo,
  reading: VideoReadOptions,
  onDamage: (line: string) => void,
): AsyncGenerator<Frame, void> {
  const { size, channels, signal } = reading;
  const asked = video.hasFrameRate ? reading.frameRate : undefined;
  const frameRate = asked ?? video.frameRate;
  const { passthroughOptions } = await findFfmpeg();
  let changes = 0;
  const run = await startFfmpeg({
    input: video.path,
    inputOptions: video.inputOptions,
    onLine: (line) => line.includes(newFilters) && changes++,
    outputOptions: [
      ...['-map', '0:V:0', '-filter:v', filters(video, { ...reading, frameRate: asked })],
      ...(video.span === null ? [] : ['-frames:v', String(Math.round(video.span * framesPerSecond(frameRate)) + 1)]),
      // If the frames' size or range changes, FFmpeg rebuilds its filters, whose times begin at 0 again.
      ...passthroughOptions,
      ...['-f', 'rawvideo'],
    ],
  });
  const frameBytes = size.width * size.height * channels;
  let data = new Uint8Array(frameBytes);
  let filled = 0;
  let frames = 0;
  let isLeft = true;
  try {
    for await (const chunk of readOutput(run, video.path, signal)) {
      for (let taken = 0; taken < chunk.length;) {
        const part = chunk.subarray(taken, taken + frameBytes - filled);
        data.set(part, filled);
        filled += part.length;
        taken += part.length;
        if (filled < frameBytes) continue;
        frames += 1;
        yield { ...size, channels, data };
        data = new Uint8Array(frameBytes);
        filled = 0;
      }
    }
    isLeft = false;
  } finally {
    // A process that was killed because the loop was left has failed for that reason alone.
    const { failure, firstError, errors } = await run.finished;
    const error = isLeft ? firstError : (firstError ?? failure);
    const more = errors > 1 ? ` (and ${errors - 1} more)` : '';
    const doubts: string[] = [];
    if (error !== null) doubts.push(`with errors: ${error}${more}`);
    const lost = `whose size or range changes ${pluralize(changes, 'time')}: up to two frames are lost at each change`;
    if (changes > 0) doubts.push(lost);
    if (doubts.length > 0) onDamage(`read ${pluralize(frames, 'frame')}, ${doubts.join('; ')}`);
  }
  if (frames === 0) throw noPicture(video.path, await run.finished);
}

function filters(video: VideoInfo, { size: { width, height }, channels, fit, frameRate }: VideoReadOptions): string {
  // At another rate than its own, the end of a short file would round to no frame at all.
  const toRate = frameRate === undefined ? '' : ':eof_action=pass';
  const [w, h] = fit === 'crop' ? coveringSides(width, height) : [width, height];
  return [
    // yadif refuses frames of less than 3 x 3.
    ...(Math.min(video.size.width, video.size.height) >= 3 ? ['yadif=deint=interlaced'] : []),
    'setpts=PTS-STARTPTS',
    `fps=${formatFrameRate(frameRate ?? video.frameRate)}${toRate}`,
    ...(video.hasAlpha ? ['format=gbrap', 'setrange=full', 'premultiply=inplace=1'] : []),
    `scale=w='${w}':h='${h}':${scaler}`,
    // The format stands before the crop, since a cut through subsampled colour would be rounded to even columns.
    `format=${channels === 1 ? 'gray' : 'rgb24'}`,
    `crop=${width}:${height}`,
  ].join(',');
}

/** Pattern of FFmpeg's error for a file in no container format that FFmpeg knows. */
const unknownFormat = /^(?:Error opening input: )?Invalid data found when processing input/;

/** Remedy that names what can be given as a clip. */
const giveAClip =
  'give a video file (MP4, WebM, MKV, AVI, GIF or another that FFmpeg plays), a folder of numbered images ' +
  `(${imageFormats}) or an array of NumPy (.npy, .npz)`;

function noPicture(path: string, { failure, firstError }: FfmpegOutcome): PxvError {
  const cause = firstError ?? failure;
  if (cause?.includes('matches no streams')) return withoutPictures(path, 'a file without a video stream', giveAClip);
  if (cause !== null && unknownFormat.test(cause))
    return withoutPictures(path, 'a file that is no video that FFmpeg knows', giveAClip);
  const received = cause === null ? 'a file without pictures' : `nothing that can be decoded (FFmpeg: ${cause})`;
  return withoutPictures(path, received, 'check that the file is complete and plays, or convert it');
}

function withoutPictures(path: string, received: string, remedy: string): PxvError {
  return errorFactory('INPUT', 'read video')(path, 'a video with at least one picture', received, remedy);
}
