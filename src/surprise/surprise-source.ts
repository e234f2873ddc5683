import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorsOf } from '../foundation/errors.js';
import type { Frame, Size } from '../foundation/frame.js';
import type { FrameRate } from '../foundation/frame-rate.js';
import { framesAtLevels } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import type { UsualFrames } from '../anomaly/stand-out.js';
import { learnUsual, type SurpriseOptions } from '../anomaly/surprise.js';
import { filesOfClip, isFixed, listClips, openStream, type PictureSize } from '../video/index.js';
import { openForModel } from '../clips/clip-for-model.js';
import { rateToRead } from '../clips/clip-rate.js';
import type { Parsed } from '../options/fields.js';
import type { findSurpriseFields } from './options.js';

type Asked = Parsed<typeof findSurpriseFields>;

/** What is looked through, as a model sees it. */
export interface Source {
  /** For messages. */
  name: string;
  /** The same where it is the same clip, as far as its files' sizes and times tell. */
  identity: string;
  size: Size;
  frameRate: FrameRate;
  hasRate: boolean;
  /** Null where it is not known. */
  aboutFrames: number | null;
  /** Whether its frames come as they are made, once. */
  isLive: boolean;
  frames: () => AsyncIterable<Frame>;
  /** What is to be said of it once it was read. */
  warning: () => string | null;
}

/** @throws PxvError as `openForModel`, and `INPUT` where a stream has no picture */
export async function openSource(
  model: Model,
  source: string | AsyncIterable<Uint8Array>,
  { rawSize, signal, ...asked }: Omit<Asked, 'size'> & { size: PictureSize },
): Promise<Source> {
  if (typeof source === 'string') {
    const { reader, frames } = await openForModel(model, source, 'find surprise', { ...asked, signal });
    const { size, frameRate, hasRate, aboutFrames } = reader;
    const identity = JSON.stringify(await identityOf(source));
    const facts = { name: source, identity, size, frameRate, hasRate, aboutFrames, isLive: false };
    return { ...facts, frames, warning: () => reader.warning };
  }
  const { channels, levels } = model.chain.exampleShape;
  const { size, fit = 'crop' } = asked;
  const frameRate = rateToRead(model, asked.frameRate, 'find surprise');
  const opened = await openStream(source, {
    ...{ size, channels, fit: isFixed(size) ? fit : 'stretch', frameRate, rawSize, signal },
  });
  const facts = { name: 'standard input', identity: randomUUID(), hasRate: true, aboutFrames: null, isLive: true };
  const frames = () => framesAtLevels(opened.frames, levels);
  return { ...facts, size: opened.size, frameRate: opened.frameRate, frames, warning: () => null };
}

/** A text that is the same for the same search: the clip, the model, and how the one is shown to the other. */
export async function searchOf(model: Model, { identity, size, frameRate }: Source, { learn, fit }: Asked) {
  const weights = createHash('sha256');
  for (const array of model.weights) weights.update(array);
  const learned = await Promise.all((learn ?? []).map(identityOf));
  return JSON.stringify([weights.digest('hex'), identity, size, frameRate, fit ?? null, learned]);
}

/** Of a clip that cannot be opened, or that is none, only its name. */
async function identityOf(clip: string): Promise<unknown> {
  const files = await filesOfClip(clip);
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return [resolve(clip), found.map((facts) => facts && [facts.size, facts.mtimeMs])];
}

/** What `learn` names: so many seconds of the source itself; null where it names clips. */
export function secondsIn(learn: readonly string[] | undefined): number | null {
  const seconds = learn?.length === 1 ? /^(\d+(?:\.\d+)?)s$/.exec(learn[0])?.[1] : undefined;
  return seconds === undefined ? null : Number(seconds);
}

/** Learns from the clips that `learn` names, at the size of what is looked at: places are compared with themselves. */
export async function learnFromClips(
  model: Model,
  size: Size,
  { learn = [], onProgress, ...asked }: Asked,
  settings: SurpriseOptions,
): Promise<UsualFrames> {
  async function* clips() {
    for (const { path } of await listClips(learn))
      yield (await openForModel(model, path, 'find surprise', { ...asked, size })).frames();
  }
  const onFrame = (done: number) => onProgress?.({ what: 'learn', done, total: null });
  const usual = await learnUsual(model, clips(), { ...settings, onFrame });
  if (usual !== null) return usual;
  throw errorsOf('INPUT', 'learn what is usual')(learn.join(', '), 'two frames or more', 'fewer', 'give longer clips');
}
