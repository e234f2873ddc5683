/** Frames that a stride needs: one alone tells nothing of motion. */
export const LEAST_GIVEN = 2;

/** Every `stride`-th frame of a clip, one of which is `phase` frames after the last that is known, 0 <= phase < stride. */
export interface Subsequence {
  stride: number;
  phase: number;
}

/** What frames ahead are expected from (docs/decisions/0012-one-past-one-forecaster.md). */
export const SUBSEQUENCES: readonly Subsequence[] = [
  { stride: 1, phase: 0 },
  { stride: 2, phase: 0 },
  { stride: 2, phase: 1 },
  { stride: 4, phase: 0 },
];

/** Most frames from one that a model is given to the next. */
export const LONGEST_STRIDE = Math.max(...SUBSEQUENCES.map(({ stride }) => stride));

/** Frames from the last known one of a subsequence to the last known one of all. */
export function lastKnownAgo({ stride, phase }: Subsequence): number {
  return (stride - phase) % stride;
}

/** Whether the last known frame of a subsequence is the last of all, so that motion among its known frames goes on. */
export function endsWithKnown({ phase }: Subsequence): boolean {
  return phase === 0;
}

/** Whether a subsequence has the frame so many after the last known one, 1 for the next. */
export function hasFrame({ stride, phase }: Subsequence, ahead: number): boolean {
  return ahead % stride === phase;
}

/** Whether that frame is expected from those of a subsequence before it: from the first that lies a stride after a known frame or later. */
export function leadsTo(subsequence: Subsequence, ahead: number): boolean {
  return hasFrame(subsequence, ahead) && ahead >= subsequence.stride;
}
