import { forEachClip, noUsableClipError } from '../for-each-clip.js';
import { errorFactory } from '../../foundation/errors.js';
import { assertVideoModel, crossEntropyWarning, headWithoutLikelihood, type Model } from '../../model/model.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../../foundation/option-fields.js';
import { listClips, type ClipSource } from '../../video/index.js';
import { ClipScorer, type Tell } from './clip-scorer.js';
import { scoreClipsFields, scoreProtocolFields, type ScoringProgress } from './options.js';
import { findProtocolClips, operation, resolveProtocol } from './protocols/resolve-protocol.js';
import type { ProtocolScore, VideoScore } from './score-results.js';
import { formatProtocolCsv, formatScoresCsv, openScoresFile } from './score-csv.js';
import { spaceIndices } from './space-indices.js';
import { summariseClips, summariseProtocol } from './summarise-scores.js';

/** Default number of samples at each start. */
const DEFAULT_SAMPLES = 4;

/** Options for `scoreClips`: scoring, forecasts and clips. @interface */
export type ScoreClipsOptions = OptionsOf<typeof scoreClipsFields>;

/** Options for `scoreProtocol`. @interface */
export type ScoreProtocolOptions = OptionsOf<typeof scoreProtocolFields>;

/**
 * Scores the frames of clips one step ahead, and scores forecasts from several starts of each clip (see `scoreFrames`,
 * `scoreForecasts`). A clip that cannot be read is skipped with a warning. With `keepFinished`, an abort
 * returns the finished clips, if there are any.
 * @throws PxvError `USAGE` if an option is unknown or out of range, or `csv` is a clip; `OUTPUT` if `csv` cannot be
 *   written or exists; `INPUT` if the only clip cannot be read or no clip is left; `DEPENDENCY` if FFmpeg is needed and
 *   missing; `RESOURCES` if memory is short; `CHECKPOINT` if probabilities are not finite; the signal's reason if
 *   aborted
 * @example
 * ```js
 * import { chooseBackend, loadModel, scoreClips } from 'pxv';
 *
 * await chooseBackend();
 * const { clips } = await scoreClips(loadModel('video-64'), ['examples/asl_yes.mkv'], { horizon: 0 });
 * for (const { name, bitsPerDim } of clips) console.log(name, bitsPerDim.toFixed(2));
 * ```
 */
export async function scoreClips(
  model: Model,
  paths: readonly string[],
  asked: ScoreClipsOptions = {},
): Promise<VideoScore> {
  const parsed = parseOptions('score clips', scoreClipsFields, asked);
  assertVideoModel(model, 'score clips');
  const { samples = DEFAULT_SAMPLES, size = model.chain.exampleShape.size, adapt = false } = parsed;
  const options = { ...parsed, samples, size };
  const sources = await listClips(paths);
  const writeScores = await openScoresFile(options, sources);
  const warning = crossEntropyWarning(model.description);
  if (warning !== null) options.onWarning?.(warning);
  const scorer = new ClipScorer('score clips', model, options);
  const { clips, ...others } = await scoreEach(scorer, sources, options, (...clip) => scorer.score(...clip));
  if (clips.length === 0) throw noUsableClipError('score clips', paths);
  await writeScores(() => formatScoresCsv(clips));
  return { adapted: adapt, samples, settings: scorer.settings, ...summariseClips(model, clips), ...others };
}

/**
 * Scores the forecasts of a model on clips by a published protocol, or by one of one's own: the given frames, the
 * predicted ones and the metrics are the protocol's. A clip that does not fit the protocol is skipped with a warning.
 * With `keepFinished`, an abort returns the finished clips, if there are any.
 * @throws PxvError `USAGE` if an option is unknown or out of range, `csv` is a clip, or the model does not fit the
 *   protocol; `OUTPUT` if `csv` cannot be written, or exists and `overwrite` is false; `INPUT` if no clip belongs to
 *   the protocol's split, the only clip does not fit, or no clip is left; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, loadModel, scoreProtocol } from 'pxv';
 *
 * await chooseBackend();
 * const protocol = { context: 4, horizon: 2 };
 * const model = loadModel('video-64');
 * const { kinds } = await scoreProtocol(model, ['examples/asl_yes.mkv'], { protocol, samples: 2 });
 * console.log(kinds['best-guess']?.psnr?.mean);
 * ```
 */
export async function scoreProtocol(
  model: Model,
  paths: readonly string[],
  asked: ScoreProtocolOptions,
): Promise<ProtocolScore> {
  const parsed = parseOptions(operation, scoreProtocolFields, asked);
  assertVideoModel(model, operation);
  const samples = samplesToDraw(model, parsed);
  const protocol = resolveProtocol(model, parsed.protocol, parsed.size);
  const found = await findProtocolClips(protocol, paths);
  const chosen = spaceIndices(found.length, Math.min(parsed.limit ?? found.length, found.length));
  const sources = Array.from(chosen, (index) => found[index]);
  const { size, horizon } = protocol;
  const options = { ...parsed, samples, size, horizon };
  const writeScores = await openScoresFile(options, sources);
  const scorer = new ClipScorer(operation, model, options, protocol);
  const { clips, ...others } = await scoreEach(scorer, sources, options, (...clip) =>
    scorer.measure(protocol, ...clip),
  );
  if (clips.length === 0) {
    const [first] = others.skipped;
    const received = `none of ${sources.length}; ${first.name}: ${first.reason}`;
    const expected = 'at least one clip that fits the protocol';
    throw errorFactory('INPUT', operation)(paths.join(', '), expected, received, 'give other clips');
  }
  const summary = summariseProtocol(protocol, clips, model.chain.exampleShape.context);
  await writeScores(() => formatProtocolCsv(summary.clips));
  return { samples, clipsInSplit: found.length, settings: scorer.settings, ...summary, ...others };
}

/** Returns the number of samples to draw: one if all would be the same. Calls `onWarning` if fewer than asked for. */
function samplesToDraw(model: Model, { samples, onWarning }: ParsedOptions<typeof scoreProtocolFields>): number {
  const head = headWithoutLikelihood(model.description);
  if (head === undefined || samples === 1) return samples;
  onWarning?.(`the head ${head} draws mean levels: all samples are the same, and one is drawn`);
  return 1;
}

/** Scores clips one after another, with progress, and disposes `scorer`. @throws PxvError as `forEachClip` */
async function scoreEach<Clip>(
  scorer: ClipScorer,
  sources: readonly ClipSource[],
  options: Omit<ParsedOptions<typeof scoreClipsFields>, 'size'>,
  score: (source: ClipSource, tell: Tell) => Promise<Clip | null>,
) {
  let latest: Pick<ScoringProgress, 'what' | 'frames'> = { what: 'score', frames: 0 };
  const onNext = (name: string, done: number) => options.onProgress?.({ name, done, clips: sources.length, ...latest });
  const scoreOne = (source: ClipSource, index: number) =>
    score(source, (what, frames) => {
      latest = { what, frames };
      onNext(source.name, index);
    });
  try {
    await scorer.assertMemory(sources);
    const hooks = { onWarning: options.onWarning, onNext };
    return await forEachClip(sources, scoreOne, hooks, options, options.processGroup);
  } finally {
    scorer.dispose();
  }
}
