import { resolve, sep } from 'node:path';
import { spaceStarts } from '../../../evaluation/forecast-starts.js';
import { metricsForSize, type FrameMetricName } from '../../../evaluation/frame-metrics.js';
import { errorFactory } from '../../../foundation/errors.js';
import type { Size } from '../../../foundation/frame.js';
import { pluralize } from '../../../foundation/pluralize.js';
import type { Model } from '../../../model/model.js';
import { listClips, type ClipReader, type ClipSource } from '../../../video/index.js';
import { protocols, type ProtocolName } from './index.js';
import type { Protocol } from './protocol.js';

/** Protocol of one's own: frames given and predicted, and optionally the first predicted frame of each clip. */
export interface OwnProtocol {
  context: number;
  horizon: number;
  from?: number | undefined;
}

/** Protocol that a model is scored by. */
export interface ResolvedProtocol extends Protocol {
  /** Name of the protocol; null for one of one's own. */
  name: ProtocolName | null;
}

/** Name of the task in errors. */
export const operation = 'score a protocol';
const unusable = errorFactory('INPUT', operation);
const misused = errorFactory('USAGE', operation);
const metricsOfOwn: readonly FrameMetricName[] = ['mse', 'mae', 'psnr', 'ssim', 'ssim-uniform'];

/**
 * Returns the protocol of a name, or one of one's own for a model.
 * @param size size of the frames under a protocol of one's own; default: the model's
 * @throws PxvError `USAGE` if the protocol is of colour and the model of grey, or if `asked.from` is below
 *   `asked.context`
 */
export function resolveProtocol(
  model: Model,
  asked: ProtocolName | OwnProtocol,
  size: Size | undefined,
): ResolvedProtocol {
  const { channels, size: ofModel } = model.chain.exampleShape;
  if (typeof asked !== 'string') return ownProtocol(asked, size ?? ofModel, channels);
  if (size !== undefined)
    throw misused('size', `no size beside ${asked}`, `${size.width}x${size.height}`, 'omit the size');
  const protocol: Protocol = protocols[asked];
  if (protocol.channels > channels)
    throw misused(asked, 'a model of colour', `${model.name}, a model of grey`, 'give another --model');
  return { ...protocol, name: asked };
}

function ownProtocol({ context, horizon, from }: OwnProtocol, size: Size, channels: Protocol['channels']) {
  if (from !== undefined && from < context) {
    const given = pluralize(context, 'given frame');
    const remedy = 'give a later --from or a lower --context';
    throw misused('--from', `at least ${context}, after ${given}`, String(from), remedy);
  }
  return {
    name: null,
    data: 'given clips',
    context,
    horizon,
    from: from ?? null,
    size,
    channels,
    split: { words: 'every given clip', path: null, example: '' },
    metrics: metricsForSize(metricsOfOwn, size),
    published: [],
    publishedOf: '',
    differences: [],
  };
}

/**
 * Finds the clips of a protocol's split under `paths`.
 * @throws PxvError `INPUT` as `listClips`, or if no clip under `paths` belongs to the split
 */
export async function findProtocolClips(
  { name, split }: ResolvedProtocol,
  paths: readonly string[],
): Promise<ClipSource[]> {
  const clips = await listClips(paths);
  const { path: pattern } = split;
  if (pattern === null) return clips;
  const found = clips.filter(({ path }) => pattern.test(resolve(path).split(sep).join('/')));
  if (found.length > 0) return found;
  const expected = `clips of the split of ${name} (${split.words}), such as ${split.example}`;
  const received = `${pluralize(clips.length, 'clip')} of another split or layout`;
  throw unusable(paths.join(', '), expected, received, 'give the folder that SVG converted');
}

/**
 * Checks that a clip has the size of a published protocol, whose frames are not scaled.
 * @throws PxvError `INPUT` if it has another
 */
export function assertSize({ name, size }: ResolvedProtocol, { path, sourceSize }: ClipReader): void {
  const { width, height } = sourceSize;
  if (name === null || (width === size.width && height === size.height)) return;
  const expected = `frames of ${size.width}x${size.height} for ${name}`;
  throw unusable(path, expected, `${width}x${height}`, 'convert the data to this size, as its authors do');
}

/**
 * Returns the index of the first predicted frame of each window of a clip.
 * @param count maximum number of windows, if they are spread over the clip
 * @throws PxvError `INPUT` if the clip is too short
 */
export async function findWindows(
  { context, horizon, from }: ResolvedProtocol,
  clip: ClipReader,
  count: number,
): Promise<number[]> {
  const first = from ?? context;
  const frames = await countFrames(clip, from === null ? Infinity : first + horizon);
  if (frames >= first + horizon) return from === null ? spaceStarts(frames, context, horizon, count) : [from];
  const expected = `at least ${pluralize(first + horizon, 'frame')}, ${first} before the first predicted one`;
  throw unusable(clip.path, expected, `${frames}`, 'give a longer clip, or another protocol');
}

/** Returns the number of frames of a clip, at most `max`. */
async function countFrames(clip: ClipReader, max: number): Promise<number> {
  const frames = clip.frames();
  let count = 0;
  while (count < max && !(await frames.next()).done) count++;
  await frames.return();
  return count;
}
