/** Frames from one that a model is given to the next, beside those that follow each other. Ascending. */
export const STRIDES = [2, 3, 4] as const;

/** Most frames from one that a model is given to the next. */
export const LONGEST_STRIDE = Math.max(...STRIDES);

/** Frames that a stride needs: one alone tells nothing of motion. */
export const LEAST_GIVEN = 2;

/** Every `stride`-th frame of a clip, one of which is `phase` frames after the last that is known, 0 <= phase < stride. */
export interface Subsequence {
  stride: number;
  phase: number;
}

/** All frames, and what each of `STRIDES` cuts them into. */
export const SUBSEQUENCES: readonly Subsequence[] = [1, ...STRIDES].flatMap((stride) =>
  Array.from({ length: stride }, (_, phase) => ({ stride, phase })),
);

/** Frames from the last known one of a subsequence to the last known one of all. */
export function lastKnownAgo({ stride, phase }: Subsequence): number {
  return (stride - phase) % stride;
}

/**
 * Whether the last known frame of a subsequence is the last known of all. Motion among its known frames then goes on; else
 * frames that it lacks tell more of motion, by way of the first one that was expected.
 */
export function endsWithKnown({ phase }: Subsequence): boolean {
  return phase === 0;
}

/** Whether a subsequence has the frame so many after the last known one, 1 for the next. */
export function hasFrame({ stride, phase }: Subsequence, ahead: number): boolean {
  return ahead % stride === phase;
}

/**
 * Whether the frame so many after the last known one is expected from the frames of a subsequence before it. All frames count
 * always; others where they lead to it in one step or two, and after so many frames that no stride does, the longest.
 */
export function leadsTo(subsequence: Subsequence, ahead: number): boolean {
  const { stride } = subsequence;
  const inTwoSteps = stride <= ahead && 2 * stride >= Math.min(ahead, 2 * LONGEST_STRIDE);
  return hasFrame(subsequence, ahead) && (stride === 1 || inTwoSteps);
}
