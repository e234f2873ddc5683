import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import { firstFew } from '../../foundation/first-few.js';
import type { Chain } from '../../model/chain.js';
import type { Model } from '../../model/model.js';
import { pluralize } from '../../foundation/pluralize.js';
import type { ProcessGroup } from '../../distributed/process-group.js';
import { isLongEnough, PREDICTED_FRAMES } from '../../training/rollouts.js';
import { MAX_ZOOM } from '../../training/random-frames.js';
import { createClipTrainingData } from '../../training/clip-batches.js';
import { trainingFrameRate, type ClipsConfiguration } from '../../training/configuration.js';
import type { RunFolder } from '../../training/run-folder.js';
import { hashText } from '../../training/data-list.js';
import { truncateClips, selectHeldOutClips, takeLastFifths, readHeldOutExample } from '../../training/validation.js';
import {
  listFrameFiles,
  openDecodedFrameStore,
  isUntimed,
  listClips,
  openFrameStore,
  createCropReader,
  type ClipSource,
  type FrameStore,
  type FrameStoreOptions,
  type StoredClip,
} from '../../video/index.js';
import { noUsableClipError, TOO_SHORT_REASON, type SkippedClip } from '../for-each-clip.js';
import { scoreOnTails } from './shipped-score.js';
import { FRAMES_DRAWN } from './training-samples.js';
import { clipBaselines } from './clip-baselines.js';
import type { DataRequest, DataSource, LocatedData } from './data-source.js';
import type { ClipDataInfo, TrainModelHooks } from './options.js';
import { lostRateWarning, mixedRatesWarning } from './rate-warnings.js';

type ClipTraining = DataRequest<ClipsConfiguration>;

/** Clips as training data: video files, folders of images, and arrays. */
export const clipSource: DataSource<ClipsConfiguration> = {
  find: findClipData,
  count: async (_, { frames }) => ({ unit: 'clips', count: (await listClips(frames)).length }),
  inputs: ({ frames, validate }) => [...frames, ...validate],
  hasFixedSize: () => false,
};

/**
 * Finds the clips of a training. The result's `open` decodes the clips into the run folder at the model's size. For
 * validation, `open` holds out clips, or the last fifth of each clip.
 * @throws PxvError `USAGE` if a clip is given both for training and for validation; `INPUT` if a path holds no clip.
 *   `open` throws as `openFrameStore`
 */
async function findClipData(asked: ClipTraining): Promise<LocatedData<ClipDataInfo>> {
  const { run, chain, data, training, hooks, isNew, isListed } = asked;
  const rateWarning = isNew ? lostRateWarning(data, training.from) : null;
  if (rateWarning !== null) hooks.onWarning?.(rateWarning);
  const clips = await findClips(data, isListed ? run : null);
  const files = [...new Set((await Promise.all([...clips.learnt, ...clips.held].map(listFrameFiles))).flat())];
  const open = async () => {
    const { store, learnt, validation, skipped } = await openClips(asked, clips);
    const parts = await openParts(asked, clips.learnt);
    const stored = { ...store, ...(parts && { readPart: parts.readPart }) };
    const { clips: toLearn } = truncateClips(validation, store);
    const names = (indices: readonly number[]) => indices.map((clip) => store.clips[clip].name);
    return {
      frames: framesHash([...store.clips, ...(parts?.store.clips ?? [])]),
      validation: framesHash(validation.map(({ clip }) => store.clips[clip])),
      example: readHeldOutExample(chain.exampleShape, store, validation, FRAMES_DRAWN),
      scoreModel: (model: Model, group: ProcessGroup) =>
        scoreOnTails(model, chain.exampleShape, store, validation, training.validationExamples, group),
      data: createClipTrainingData(chain, stored, learnt, validation, training),
      facts: {
        trainingClips: names(learnt),
        validationClips: names(validation.map(({ clip }) => clip)),
        lastFifthValidates: validation.some(({ from }) => from > 1),
        frames: learnt.reduce((sum, clip) => sum + toLearn[clip].frames, 0),
        skipped,
        decoded: { folder: run.frames, bytes: await bytesIn(run.frames) },
        baselines: clipBaselines(chain.exampleShape, store, validation),
      },
    };
  };
  return { files: files.map((path) => ({ name: path, path })), open, close: () => {} };
}

function framesHash(clips: readonly Pick<StoredClip, 'frames' | 'sha256'>[]): string {
  return hashText(JSON.stringify(clips.map(({ frames, sha256 }) => [frames, sha256])));
}

async function bytesIn(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Clips to train on, and clips named for validation. */
type Clips = Record<'learnt' | 'held', ClipSource[]>;

/** @param begun run folder of a training that has a list of its files; paths without clips are then skipped */
async function findClips({ frames, validate }: ClipsConfiguration, begun: RunFolder | null): Promise<Clips> {
  const find = async (paths: readonly string[]) => listClips(begun ? await whereClipsAre(paths, begun) : paths);
  const learnt = await find(frames);
  const held = validate.length > 0 ? await find(validate) : [];
  const shared = held.find((clip) => learnt.some(({ path }) => resolve(path) === resolve(clip.path)));
  if (shared !== undefined) {
    const received = `${shared.path}, which --frames names as well`;
    const remedy = 'leave it out on one side';
    throw errorFactory('USAGE', 'train')('--validate', 'clips that are not trained on', received, remedy);
  }
  return { learnt, held };
}

/** Returns the paths that contain clips. @throws PxvError `INPUT` if no path contains clips */
async function whereClipsAre(paths: readonly string[], run: RunFolder): Promise<readonly string[]> {
  const there: string[] = [];
  for (const path of paths) {
    const found = await listClips([path]).catch(() => []);
    if (found.length > 0) there.push(path);
  }
  if (there.length > 0) return there;
  const expected = 'at least one of the original clips';
  throw errorFactory('INPUT', 'resume training')(run.path, expected, `none at ${firstFew(paths)}`, 'bring them back');
}

/** Decodes the clips. Returns the indices in the store of the training clips, and the held-out tails of clips. */
async function openClips({ run, chain, data, training, hooks, processGroup }: ClipTraining, { learnt, held }: Clips) {
  const sources = [...learnt, ...held];
  const store = await openSharedStore(processGroup, run.frames, sources, storing(chain, data, hooks));
  const warn = (text: string | null) => text !== null && hooks.onWarning?.(text);
  const skipped: SkippedClip[] = [];
  /** Clips by warning: a warning that many clips share is reported in one line. */
  const doubts = new Map<string, string[]>();
  const usable = sources.flatMap(({ isExplicit }, clip) => {
    const { name, frames, warning, unreadable } = store.clips[clip];
    if (warning !== null) doubts.set(warning, [...(doubts.get(warning) ?? []), name]);
    if (frames >= 2) return [clip];
    const reason = unreadable ?? TOO_SHORT_REASON;
    skipped.push({ name, isExplicit, reason });
    warn(`${name}: skipped: ${reason}`);
    return [];
  });
  for (const [warning, names] of doubts) warn(`${firstFew(names)}: ${warning}`);
  if (data.frameRate === null) warn(mixedRatesWarning(await withRates(sources, store)));
  const found = usable.filter((clip) => clip < learnt.length);
  const named = usable.filter((clip) => clip >= learnt.length);
  const isByEnds = held.length === 0 && training.from !== null;
  const drawn = () => selectHeldOutClips(found.length, BigInt(training.seed)).map((index) => found[index]);
  const clips = held.length > 0 ? named : isByEnds ? [] : drawn();
  const validation = isByEnds ? takeLastFifths(store, found) : clips.map((clip) => ({ clip, from: 1 }));
  const kept = found.filter((clip) => !clips.includes(clip));
  if (kept.length === 0) throw noUsableClipError('train', data.frames);
  if (held.length > 0 && named.length === 0) throw noUsableClipError('validate', data.validate);
  const areShort = kept.every((clip) => !isLongEnough(store.clips[clip].frames));
  if (areShort && training.stages.some(({ rollOuts }) => rollOuts > 0))
    warn(`rollOuts: no clip has more than ${pluralize(PREDICTED_FRAMES, 'frame')}, so no rollouts are trained`);
  warn(copiesLearnt(store, kept, clips));
  return { store, learnt: kept, validation, skipped };
}

/** Returns a warning if held-out clips have the same frames as training clips, else null. */
function copiesLearnt({ clips }: FrameStore, training: readonly number[], validation: readonly number[]) {
  const learnt = new Set(training.map((clip) => clips[clip].sha256));
  const copies = validation.filter((clip) => learnt.has(clips[clip].sha256)).map((clip) => clips[clip].name);
  if (copies.length === 0) return null;
  return (
    `${firstFew(copies)}: validates, and a copy of it is learned from, so that validations are too good; leave ` +
    'copies out'
  );
}

/** Opens the decoded frames: the main process decodes, and the other ranks read the decoded files. */
async function openSharedStore(processGroup: ProcessGroup, ...asked: Parameters<typeof openFrameStore>) {
  const own = processGroup.isMainProcess ? await openFrameStore(...asked) : null;
  const clips = await processGroup.broadcast(own?.clips ?? []);
  return own ?? openDecodedFrameStore(...asked, clips);
}

/** Returns the options for decoding clips at the model's size. */
function storing({ exampleShape }: Chain, data: ClipsConfiguration, hooks: TrainModelHooks): FrameStoreOptions {
  const { size, channels } = exampleShape;
  const { onDecode, signal } = hooks;
  return {
    size,
    channels,
    fit: data.fit,
    frameRate: trainingFrameRate(data) ?? undefined,
    onProgress: ({ done, clips, name }) => onDecode?.({ unit: 'clips', done, total: clips, name }),
    ...(signal && { signal }),
  };
}

/**
 * Decodes the training clips again at a larger size, from which crops are read. Returns null if no stage uses crops.
 */
async function openParts(asked: ClipTraining, clips: readonly ClipSource[]) {
  const { run, chain, data, training, hooks, processGroup } = asked;
  if (training.stages.every(({ crops }) => crops === 0)) return null;
  const { size, channels } = chain.exampleShape;
  const shortSide = MAX_ZOOM * Math.max(size.width, size.height);
  const larger = { ...storing(chain, data, hooks), size: { shortSide, enlarge: false } };
  const store = await openSharedStore(processGroup, run.frames, clips, larger);
  return { store, readPart: createCropReader(store, size, channels, data.fit) };
}

/** Returns the readable clips that have a frame rate of their own: videos, not folders of images or arrays. */
async function withRates(sources: readonly ClipSource[], { clips }: FrameStore): Promise<readonly StoredClip[]> {
  const untimed = await Promise.all(sources.map(isUntimed));
  return clips.filter(({ unreadable, frames }, clip) => unreadable === null && frames >= 2 && !untimed[clip]);
}
