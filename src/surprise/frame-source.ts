import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { quantizeFrames } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import type { Baseline } from '../anomaly/anomaly-scorer.js';
import { fitBaseline, type AnomalyOptions } from '../anomaly/score-anomalies.js';
import { listInputFiles, isFixedSize, listClips, openStream, type TargetSize } from '../video/index.js';
import { openClipForModel } from '../clips/open-clip-for-model.js';
import { rateToRead } from '../clips/clip-rate.js';
import type { ParsedOptions } from '../options/fields.js';
import type { findSurpriseFields } from './options.js';

type Asked = ParsedOptions<typeof findSurpriseFields>;

/** What is looked through, as a model sees it. */
export interface FrameSource {
  /** For messages. */
  name: string;
  /** The same where it is the same clip, as far as its files' sizes and times tell. */
  identity: string;
  size: Size;
  frameRate: FrameRate;
  hasFrameRate: boolean;
  /** Null where it is not known. */
  estimatedFrames: number | null;
  /** Whether its frames come as they are made, once. */
  isLive: boolean;
  frames: () => AsyncIterable<Frame>;
  /** What is to be said of it once it was read. */
  warning: () => string | null;
}

/** @throws PxvError as `openClipForModel`, and `INPUT` where a stream has no picture */
export async function openFrameSource(
  model: Model,
  source: string | AsyncIterable<Uint8Array>,
  { rawSize, signal, ...asked }: Omit<Asked, 'size'> & { size: TargetSize },
): Promise<FrameSource> {
  if (typeof source === 'string') {
    const { reader, frames } = await openClipForModel(model, source, 'find surprise', { ...asked, signal });
    const { size, frameRate, hasFrameRate, estimatedFrames } = reader;
    const identity = JSON.stringify(await identityOf(source));
    const facts = { name: source, identity, size, frameRate, hasFrameRate, estimatedFrames, isLive: false };
    return { ...facts, frames, warning: () => reader.warning };
  }
  const { channels, levels } = model.chain.exampleShape;
  const { size, fit = 'crop' } = asked;
  const frameRate = rateToRead(model, asked.frameRate, 'find surprise');
  const opened = await openStream(source, {
    ...{ size, channels, fit: isFixedSize(size) ? fit : 'stretch', frameRate, rawSize, signal },
  });
  const facts = {
    name: 'standard input',
    identity: randomUUID(),
    hasFrameRate: true,
    estimatedFrames: null,
    isLive: true,
  };
  const frames = () => quantizeFrames(opened.frames, levels);
  return { ...facts, size: opened.size, frameRate: opened.frameRate, frames, warning: () => null };
}

/** A text that is the same for the same search: the clip, the model, and how the one is shown to the other. */
export async function describeSearch(model: Model, { identity, size, frameRate }: FrameSource, { learn, fit }: Asked) {
  const weights = createHash('sha256');
  for (const array of model.weights) weights.update(array);
  const learned = await Promise.all((learn ?? []).map(identityOf));
  return JSON.stringify([weights.digest('hex'), identity, size, frameRate, fit ?? null, learned]);
}

/** Of a clip that cannot be opened, or that is none, only its name. */
async function identityOf(clip: string): Promise<unknown> {
  const files = await listInputFiles(clip);
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return [resolve(clip), found.map((facts) => facts && [facts.size, facts.mtimeMs])];
}

/** What `learn` names: so many seconds of the source itself; null where it names clips. */
export function parseSeconds(learn: readonly string[] | undefined): number | null {
  const seconds = learn?.length === 1 ? /^(\d+(?:\.\d+)?)s$/.exec(learn[0])?.[1] : undefined;
  return seconds === undefined ? null : Number(seconds);
}

/** Learns from the clips that `learn` names, at the size of what is looked at: places are compared with themselves. */
export async function fitBaselineFromClips(
  model: Model,
  size: Size,
  { learn = [], onProgress, ...asked }: Asked,
  settings: AnomalyOptions,
): Promise<Baseline> {
  async function* clips() {
    for (const { path } of await listClips(learn))
      yield (await openClipForModel(model, path, 'find surprise', { ...asked, size })).frames();
  }
  const onFrame = (done: number) => onProgress?.({ what: 'learn', done, total: null });
  const usual = await fitBaseline(model, clips(), { ...settings, onFrame });
  if (usual !== null) return usual;
  throw errorFactory('INPUT', 'learn what is usual')(
    learn.join(', '),
    'two frames or more',
    'fewer',
    'give longer clips',
  );
}
