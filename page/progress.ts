import { AHEAD, READ_AT_FIRST, type Session } from './session.js';

/** Progress of the current part of the work on a video. */
export interface WorkProgress {
  /** Description of the part for the user, with the time left if known. */
  words: string;
  /** Fraction of the part that is done, 0 to 1. */
  fraction: number;
}

/**
 * Returns the progress of the work on a video: load, read, predict, draw a sample, then score. Returns null if all is
 * done, the session has failed, or the video is live.
 */
export function describeProgress(session: Session): WorkProgress | null {
  const { computing, known, guessed, drawn, drawing, frames, maps, isLive, isDone, failure } = session;
  if (failure !== null) return null;
  if (computing === null) return { words: 'Loading the model\u2026', fraction: 0 };
  if (isLive) return null;
  if (known === null) {
    const words = `Reading the first ${READ_AT_FIRST} frames: ${frames.length} so far`;
    return { words, fraction: frames.length / READ_AT_FIRST };
  }
  const part = (words: string, fraction: number) => ({ words: words + timeLeft(session), fraction });
  if (guessed.size < AHEAD)
    return part(`Predicting the best guess: frame ${guessed.size + 1} of ${AHEAD}`, guessed.size / AHEAD);
  if (drawn.size < AHEAD) {
    const fraction = (drawn.size + drawing) / AHEAD;
    return part(`Drawing a sample, pixel by pixel: frame ${drawn.size + 1} of ${AHEAD}, ${percent(drawing)}`, fraction);
  }
  if (isDone) return null;
  const last = frames.length - 1;
  return part(`Scoring frames: ${maps.length} of ${last}`, maps.length / last);
}

/** Returns the drawn fraction of a frame in words, such as `40% of it`, where `it` is the frame. */
export const percent = (fraction: number) => `${Math.round(100 * fraction)}% of it`;

/** Returns the time that all parts together still take, in words; nothing while the pace of one is not known. */
function timeLeft({ guessed, drawn, drawing, frames, maps, seconds }: Session): string {
  const parts: [count: number, each: number | null][] = [
    [AHEAD - guessed.size, seconds.guess],
    [AHEAD - drawn.size - drawing, seconds.draw],
    [frames.length - 1 - maps.length, seconds.cost],
  ];
  const left = parts.reduce((sum, [count, each]) => sum + (count === 0 ? 0 : count * (each ?? NaN)), 0);
  return Number.isNaN(left) ? '' : toGo(left);
}

/** Returns the time left in words, to follow other words. @param seconds seconds left */
export function toGo(seconds: number): string {
  return seconds < 90 ? `; about ${Math.ceil(seconds)} s to go` : `; about ${Math.ceil(seconds / 60)} min to go`;
}
