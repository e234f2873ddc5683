import type { Frame } from '../foundation/frame.js';
import { FrameHistory, type ExampleShape } from '../conditioning/context/examples.js';

/** A place in a clip from which frames are predicted, while their truth is known. */
export interface ForecastStart {
  /** Index in the clip of the first predicted frame. */
  first: number;
  /** What frames are predicted from there. */
  history: FrameHistory;
  /** The last two known frames, oldest first; one where there is one. */
  known: Frame[];
  /** The true frames of the horizon. */
  truth: Frame[];
}

/**
 * Indices of the first frames to predict, evenly spread over the places of a clip that have a whole context before them
 * (at least one frame) and the whole horizon after them.
 * @param frames of the clip
 * @param count how many are asked for; fewer come back where the clip has fewer such places
 */
export function spaceStarts(frames: number, context: number, horizon: number, count: number): number[] {
  const earliest = Math.max(1, context);
  const places = Math.max(0, frames - horizon - earliest + 1);
  const chosen = Math.min(count, places);
  return Array.from({ length: chosen }, (_, i) => earliest + Math.floor(((i + 0.5) * places) / chosen));
}

/**
 * Reads what belongs to some starts of a clip.
 * @param frames at the model's size, from the clip's first on; read as far as is needed
 * @param firsts ascending, as `spaceStarts` gives them
 * @param kept known frames that the histories keep: see `FrameHistory`
 */
export async function readStarts(
  frames: AsyncIterable<Frame>,
  firsts: readonly number[],
  shape: ExampleShape,
  horizon: number,
  kept = 0,
): Promise<ForecastStart[]> {
  const starts: ForecastStart[] = [];
  const history = new FrameHistory(shape, kept);
  let known: Frame[] = [];
  const end = firsts[firsts.length - 1] + horizon;
  let index = 0;
  for await (const frame of frames) {
    if (firsts.includes(index)) starts.push({ first: index, history: history.copy(), known, truth: [] });
    for (const { first, truth } of starts) if (index < first + horizon) truth.push(frame);
    if (++index === end) break;
    history.push(frame.data);
    known = [...known.slice(-1), frame];
  }
  return starts;
}
