import { resolve } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import type { Frame } from '../../foundation/frame.js';
import { framesPerSecond } from '../../foundation/frame-rate.js';
import { makeTemporaryFolder } from '../../foundation/temporary-folder.js';
import { resizeModel } from '../../model/resize-model.js';
import { assertLikelihood, assertVideoModel, type Model } from '../../model/model.js';
import type { AnomalyEvent } from '../../anomaly/event-detector.js';
import { scoreAnomalies, type AnomalyState } from '../../anomaly/score-anomalies.js';
import { listInputFiles, writeClip } from '../../video/index.js';
import { keepAspectRatio, sizeWarning } from '../open-clip-for-model.js';
import { rateWarning } from '../clip-rate.js';
import { fitScoringBatch } from '../../memory/memory-limits.js';
import { parseOptions, type OptionsOf, type ParsedOptions } from '../../foundation/option-fields.js';
import { findSurpriseFields } from './options.js';
import { SearchPainter } from './search-painter.js';
import {
  fitBaselineFromClips,
  openFrameSource,
  describeSearch,
  parseSeconds,
  type FrameSource,
} from './frame-source.js';
import { SearchCheckpoint, type TimelineRow } from './search-checkpoint.js';
import { assertSearchOutput, writeSearchOutput } from './search-output.js';

/** Options for `findSurprise`, such as baseline, threshold, output and callbacks. @interface */
export type FindSurpriseOptions = OptionsOf<typeof findSurpriseFields>;

type Asked = ParsedOptions<typeof findSurpriseFields>;

/** Result of `findSurprise`: the anomaly scores and events of a clip. */
export interface SurpriseResult {
  /**
   * Path of the output: a folder with `film.mp4`, `timeline.png`, `timeline.csv` and `events.csv`, or the video alone.
   * Null if none was written.
   */
  path: string | null;
  /** Number of scored frames: all but the clip's first, the first seconds that `learn` names, and those dropped. */
  frames: number;
  /** Number of frames that were dropped, as they arrived faster than they were scored; see `dropLate`. */
  dropped: number;
  /** Frames per second, as the clip was read. */
  frameRate: number;
  /** Width of the scored frames, in pixels. */
  width: number;
  /** Height of the scored frames, in pixels. */
  height: number;
  /** Mean bits/dim over the scored frames. */
  bitsPerDim: number;
  /** Events, highest score first. */
  events: readonly AnomalyEvent[];
  /** Columns, one entry per scored frame: 0-based index in the clip, bits/dim and anomaly score. */
  timeline: { frame: number[]; bitsPerDim: number[]; score: number[] };
}

/** Maximum batch size for recorded clips; live streams have batch size 1. */
const MAX_BATCH = 8;
/** Warning once frames of a stream are dropped. */
const DROP_WARNING =
  'frames are dropped, as they arrive faster than they are scored; a lower --fps, a smaller --size or model keeps up';
/** Seconds of work between checkpoints. */
const BETWEEN_PARTS = 5;

/**
 * Scores the frames of a clip for anomalies. If `out` is a folder, writes a video of frames beside heat maps of their
 * bits, the timeline and the events as CSV, and the timeline with the largest events as PNG. If `out` is a `.mp4`,
 * writes the video alone. Checkpoints go to `<out>.unfinished`, from which the same call resumes after an interruption.
 *
 * @param trained video model
 * @param source path of a clip, or bytes of a live video or raw stream
 * @throws PxvError `USAGE` if an option is invalid or `trained` is an image model; `INPUT` if a clip cannot be read or
 *   no frame is left to score; `OUTPUT` if the result cannot be written; `DEPENDENCY` if FFmpeg is needed and missing;
 *   `RESOURCES` if memory is short; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, findSurprise, loadModel } from 'pxv';
 *
 * await chooseBackend();
 * const { events } = await findSurprise(loadModel('video-64'), 'examples/asl_yes.mkv');
 * for (const event of events) console.log(event);
 * ```
 */
export async function findSurprise(
  trained: Model,
  source: string | AsyncIterable<Uint8Array>,
  asked: FindSurpriseOptions = {},
): Promise<SurpriseResult> {
  const options = parseOptions('find anomalies', findSurpriseFields, asked);
  assertVideoModel(trained, 'find anomalies');
  assertLikelihood(trained, 'find anomalies');
  const { out, overwrite = false, onWarning } = options;
  const read = [...(typeof source === 'string' ? [source] : []), ...(learnsFromClips(options) ? options.learn! : [])];
  const inputs = (await Promise.all(read.map(listInputFiles))).flat();
  const confirm = async () => {
    if (out !== undefined) await assertSearchOutput(out, overwrite, inputs);
  };
  await confirm();
  let dropped = 0;
  const onDrop = () => {
    if (dropped === 0) onWarning?.(DROP_WARNING);
    dropped++;
  };
  const opened = await openFrameSource(trained, source, { ...options, ...keepAspectRatio(trained, options) }, onDrop);
  const { size, frameRate } = opened;
  for (const warning of [sizeWarning(trained, size), rateWarning(trained, opened)])
    if (warning !== null) onWarning?.(warning);

  const temporary = out === undefined ? makeTemporaryFolder('pxv-') : null;
  const description = await describeSearch(trained, opened, options);
  const path = temporary?.path ?? `${resolve(out!)}.unfinished`;
  const search = await SearchCheckpoint.open(path, description, overwrite);
  try {
    const painter = await scoreRemainingFrames(trained, opened, search, options);
    const rows = search.rows();
    if (out !== undefined) await writeSearchOutput(out, search, painter, frameRate, confirm);
    search.remove();
    if (opened.warning !== null) onWarning?.(opened.warning);
    return {
      path: out ?? null,
      frameRate: framesPerSecond(frameRate),
      ...size,
      frames: rows.length,
      dropped,
      events: painter.events,
      bitsPerDim: rows.reduce((sum, { bits }) => sum + bits, 0) / rows.length,
      timeline: {
        frame: rows.map(({ frame }) => frame),
        bitsPerDim: rows.map(({ bits }) => bits),
        score: rows.map(({ score }) => score),
      },
    };
  } finally {
    search.close();
    temporary?.remove();
  }
}

/** Returns true if the baseline is fitted to other clips, false if to the source's first seconds or as it runs. */
function learnsFromClips({ learn }: Asked): boolean {
  return learn !== undefined && parseSeconds(learn) === null;
}

/**
 * Scores the frames that the search has not committed yet, and commits a part every `BETWEEN_PARTS` seconds. Fits the
 * baseline first if the search needs one.
 * @returns painter of the search, with all events
 * @throws PxvError `INPUT` if no frame is left to score; others as `findSurprise`
 */
async function scoreRemainingFrames(
  model: Model,
  source: FrameSource,
  search: SearchCheckpoint,
  options: Asked,
): Promise<SearchPainter> {
  const { size, frameRate, estimatedFrames, isLive } = source;
  const { out, threshold, learn, keepFinished, onProgress, onFrame, onEvent } = options;
  const rate = framesPerSecond(frameRate);
  // An abort ends a stream whose frames so far are the result.
  const signal = isLive && keepFinished ? undefined : options.signal;
  const batch = isLive ? 1 : fitScoringBatch(resizeModel(model, size), MAX_BATCH, true);
  const scoring = { frameRate: rate, isRecorded: !isLive, batch, threshold, signal };
  if (learnsFromClips(options) && search.state.baseline === null)
    search.saveBaseline(await fitBaselineFromClips(model, size, options, scoring));
  const { surprise: from, baseline } = search.state;
  const learnSeconds = parseSeconds(learn);
  const painter = new SearchPainter(rate, threshold, search.state, search.frames);
  const frames = painter.remembering(source.frames(), from?.index ?? -1, (done) =>
    onProgress?.({ what: 'watch', done, total: estimatedFrames }),
  );
  const scored = scoreAnomalies(model, frames, {
    ...scoring,
    baseline: baseline ?? undefined,
    baselineFrames: learnSeconds === null ? undefined : Math.round(learnSeconds * rate),
    from: from ?? undefined,
  });
  try {
    let next = await scored.next();
    if (next.done && search.frames === 0) throw tooShort(source.path, learnSeconds !== null);
    while (!next.done) {
      const rows: TimelineRow[] = [];
      let state: AnomalyState | null = null;
      async function* drawPart(): AsyncGenerator<Frame, void> {
        const began = performance.now();
        while (!next.done && (rows.length === 0 || performance.now() - began < 1000 * BETWEEN_PARTS)) {
          const { index: frame, bits, score, box, ended } = next.value;
          const row = { frame, bits, score, box };
          rows.push(row);
          const picture = await painter.add(next.value);
          onFrame?.(row, rate);
          for (const event of ended) onEvent?.(event, rate);
          yield picture;
          state = next.value.state;
          next = await scored.next();
        }
      }
      if (out === undefined) for await (const picture of drawPart()) void picture;
      else await writeClip(search.nextPart, drawPart(), { frameRate, signal });
      search.commit(rows, state, painter.meanMap);
    }
  } finally {
    await scored.return();
  }
  signal?.throwIfAborted();
  return painter;
}

function tooShort(path: string, learns: boolean): Error {
  const expected = learns ? 'two frames or more after the baseline' : 'two frames or more';
  return errorFactory('INPUT', 'find anomalies')(path, expected, 'fewer', 'give a longer clip');
}
