import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import type { Size } from '../../foundation/frame.js';
import { pluralize } from '../../foundation/pluralize.js';
import type { Model } from '../../model/model.js';
import type { Baseline } from '../../anomaly/anomaly-scorer.js';
import { fitBaseline, type AnomalyOptions } from '../../anomaly/score-anomalies.js';
import { listInputFiles, listClips, openStream, type ClipReader, type TargetSize } from '../../video/index.js';
import { openClipForModel, readingOptions } from '../open-clip-for-model.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import type { findSurpriseFields } from './options.js';

type Asked = ParsedOptions<typeof findSurpriseFields>;

/**
 * Clip or live stream whose frames are at a model's size, channels and levels. A stream has the path `standard input`
 * and always states a frame rate.
 */
export interface FrameSource extends Omit<ClipReader, 'name' | 'sourceSize' | 'isSeekable'> {
  /** Key of the clip: paths, sizes and modification times of its files; random for a stream. */
  identity: string;
  /** True for a stream, whose frames can be read only once. */
  isLive: boolean;
}

/**
 * Opens a clip or a byte stream for a search.
 * @param onDrop called for each frame of a stream that is dropped
 * @throws PxvError as `openClipForModel`; `INPUT` if a stream has no frame
 */
export async function openFrameSource(
  model: Model,
  source: string | AsyncIterable<Uint8Array>,
  { rawSize, signal, ...asked }: Omit<Asked, 'size'> & { size: TargetSize },
  onDrop: () => void,
): Promise<FrameSource> {
  if (typeof source === 'string') {
    const clip = await openClipForModel(model, source, 'find anomalies', { ...asked, signal });
    return Object.assign(clip, { identity: JSON.stringify(await identityOf(source)), isLive: false });
  }
  const reading = readingOptions(model, 'find anomalies', { ...asked, signal });
  const opened = await openStream(source, { ...reading, rawSize, onDrop: asked.dropLate ? onDrop : undefined });
  const unknown = { identity: randomUUID(), hasFrameRate: true, estimatedFrames: null, warning: null, isLive: true };
  return { path: 'standard input', ...unknown, ...opened, frames: () => opened.frames };
}

/** Version of scores and of saved states; raised if either changes. */
const SCORING_VERSION = 3;

/**
 * Returns a key that is equal for searches with the same result, as JSON: the hash of the weights, the clip, the
 * options that change scores, and the clips of option `learn`.
 */
export async function describeSearch(model: Model, { identity, size, frameRate }: FrameSource, options: Asked) {
  const { learn = [], fit, threshold } = options;
  const weights = createHash('sha256');
  for (const array of model.weights) weights.update(array);
  const learned = await Promise.all(learn.map(identityOf));
  // In a list JSON writes null for what is undefined.
  return JSON.stringify([SCORING_VERSION, weights.digest('hex'), identity, size, frameRate, fit, threshold, learned]);
}

/** Returns the path of a clip and the size and modification time of each file; null for a file that cannot be read. */
async function identityOf(clip: string): Promise<unknown> {
  const files = await listInputFiles(clip);
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return [resolve(clip), found.map((facts) => facts && [facts.size, facts.mtimeMs])];
}

/**
 * Parses option `learn` as a duration such as `60s`: the first seconds of the source, to fit the baseline to. Returns
 * null if `learn` names clips or is undefined.
 */
export function parseSeconds(learn: readonly string[] | undefined): number | null {
  const seconds = learn?.length === 1 ? /^(\d+(?:\.\d+)?)s$/.exec(learn[0])?.[1] : undefined;
  return seconds === undefined ? null : Number(seconds);
}

/**
 * Fits the baseline to the clips of option `learn`. Reads the clips at the frame size of the search, so that the
 * regions correspond.
 * @throws PxvError `INPUT` if a clip cannot be read, or if no clip is longer than the context frames; others as
 *   `openClipForModel`; the signal's reason if aborted
 */
export async function fitBaselineFromClips(
  model: Model,
  size: Size,
  { learn = [], onProgress, ...asked }: Asked,
  settings: AnomalyOptions,
): Promise<Baseline> {
  async function* clips() {
    for (const { path } of await listClips(learn))
      yield (await openClipForModel(model, path, 'find anomalies', { ...asked, size })).frames();
  }
  const onFrame = (done: number) => onProgress?.({ what: 'learn', done, total: null });
  const usual = await fitBaseline(model, clips(), { ...settings, onFrame });
  if (usual !== null) return usual;
  const expected = `more than the model's ${pluralize(model.chain.exampleShape.context, 'context frame')}`;
  throw errorFactory('INPUT', 'fit baseline')(learn.join(', '), expected, 'fewer', 'give longer clips');
}
