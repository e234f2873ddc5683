import type { Frame } from '../foundation/frame.js';
import { FrameHistory, type ExampleShape } from '../conditioning/context/examples.js';

/** Start of a forecast in a clip, with the true frames of the horizon. */
export interface ForecastStart {
  /** Index in the clip of the first predicted frame. */
  first: number;
  /** History that frames are predicted from. */
  history: FrameHistory;
  /** Last two known frames, oldest first; a single frame if no other is known. */
  known: Frame[];
  /** True frames of the horizon. */
  truth: Frame[];
}

/**
 * Returns the indices of the first frames to predict, ascending and evenly spaced. Each start has `context` frames (at
 * least one) before it and the whole horizon after it. Of a clip that is too short, there are fewer starts or none.
 * @param frames number of frames of the clip
 * @param count maximum number of starts
 */
export function spaceStarts(frames: number, context: number, horizon: number, count: number): number[] {
  const earliest = Math.max(1, context);
  const places = Math.max(0, frames - horizon - earliest + 1);
  const chosen = Math.min(count, places);
  return Array.from({ length: chosen }, (_, i) => earliest + Math.floor(((i + 0.5) * places) / chosen));
}

/**
 * Reads the history and the true frames of each start of a clip.
 * @param frames frames of the clip from the first, at the model's size; read no further than the last start's horizon
 * @param firsts index of the first predicted frame of each start, ascending, as `spaceStarts` returns them
 * @param kept number of known frames that the histories keep (see `FrameHistory`)
 * @param given maximum number of known frames before each start; default: all
 * @throws PxvError `INPUT` if a frame has another size than the model's; errors of `frames`
 */
export async function readStarts(
  frames: AsyncIterable<Frame>,
  firsts: readonly number[],
  shape: ExampleShape,
  horizon: number,
  kept = 0,
  given = Infinity,
): Promise<ForecastStart[]> {
  const starts: ForecastStart[] = [];
  const history = new FrameHistory(shape, kept);
  let known: Frame[] = [];
  const end = firsts[firsts.length - 1] + horizon;
  let index = 0;
  for await (const frame of frames) {
    if (firsts.includes(index)) {
      const own = given === Infinity ? history.copy() : historyOf(known, new FrameHistory(shape, kept), index);
      starts.push({ first: index, history: own, known: known.slice(-2), truth: [] });
    }
    for (const { first, truth } of starts) if (index < first + horizon) truth.push(frame);
    if (++index === end) break;
    history.push(frame.data);
    known = [...known, frame].slice(-Math.max(1, given === Infinity ? 2 : given));
  }
  return starts;
}

/** Adds `known`, the frames before frame `first` of a clip, to `history`, and returns `history`. */
function historyOf(known: readonly Frame[], history: FrameHistory, first: number): FrameHistory {
  history.skip(first - known.length);
  for (const { data } of known) history.push(data);
  return history;
}
