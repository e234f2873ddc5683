import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';

/**
 * Schema of a mark in the schedule of a training: a step at which the total number of steps was fixed or changed. From
 * the mark on, the schedule's progress grows linearly, to 1 at the last step.
 */
export const paceMarkSchema = z.strictObject({
  /** Number of updates done at the mark. */
  step: z.int().min(0),
  /** Fraction of the schedule that is done at the mark, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Total number of updates from the mark on, estimated or requested. */
  steps: z.int().min(0),
  /** Duration of the training up to the mark, over all runs, in seconds. */
  seconds: z.number().min(0),
  /**
   * Number of validations in the whole training, if there is time for fewer than requested; undefined: as requested.
   */
  validations: z.int().min(1).optional(),
});

/**
 * Mark in the schedule of a training: a step at which the total number of steps was fixed or changed. From the mark on,
 * the schedule's progress grows linearly, to 1 at the last step. A mark has the step, progress and duration so far, the
 * total of steps, and the number of validations if reduced.
 */
export type PaceMark = z.infer<typeof paceMarkSchema>;

/** Length of a training, in steps or minutes. */
export interface TrainingLength {
  /** Number of updates; null until fixed from `minutes`. */
  steps: number | null;
  /** Duration in minutes, from which the number of updates is estimated; null: the length is given in steps. */
  minutes: number | null;
  /** Marks at which the number of steps was fixed or changed, ordered by step. */
  pace: PaceMark[];
}

type Schedule = Pick<TrainingLength, 'steps' | 'pace'>;

/**
 * Returns the fraction of the schedule that is done after `step` updates, 0 to 1. The fraction is linear from the last
 * mark in `pace` at or before `step` to the last step (see `PaceMark`). If `pace` is empty, the fraction is step /
 * steps. Returns null if the number of steps at `step` is not known.
 */
export function progressAt({ steps, pace }: Schedule, step: number): number | null {
  const start = steps === null || pace.length > 0 ? undefined : { step: 0, progress: 0, steps };
  const mark = pace.findLast((one) => one.step <= step) ?? start;
  if (mark === undefined) return null;
  if (step >= mark.steps) return 1;
  return mark.progress + ((1 - mark.progress) * (step - mark.step)) / (mark.steps - mark.step);
}

/**
 * Returns true if a validation follows update `step`. Validations are evenly spread over the schedule, the last after
 * the last update. Returns false while the number of steps is not known.
 *
 * The number of validations is that of the last mark in `pace` at or before `step` (see `PaceMark`). If there is no
 * mark, or if the mark has no number, it is the requested number `validations`.
 */
export function isValidationStep(training: Schedule & { validations: number }, step: number): boolean {
  const count = training.pace.findLast((one) => one.step <= step)?.validations ?? training.validations;
  const passed = (done: number) => Math.floor((progressAt(training, done) ?? 0) * count);
  return step === training.steps || passed(step) > passed(step - 1);
}

/** Extension of a finished or stopped training: the new total of steps, or additional minutes. */
export type Extension = { steps: number } | { minutes: number };

/**
 * Returns the length of a resumed training with a new end: a total of steps, or additional minutes at the mean speed so
 * far. At `step` the schedule jumps back to the progress step / steps, as in a training of the new length from the
 * start.
 * @param step number of updates done
 * @param seconds duration of the training so far; 0: not known, for example if the log is gone. If `seconds` or `step`
 *   is 0, additional minutes leave the number of steps null, and the schedule starts again
 * @throws PxvError `USAGE` if the new total of steps is not above `step`
 */
export function extendLength(
  length: TrainingLength,
  step: number,
  seconds: number,
  extension: Extension,
): TrainingLength {
  const extendedTo = (steps: number, minutes: number | null): TrainingLength => {
    return { steps, minutes, pace: [...recorded(length), { step, progress: step / steps, steps, seconds }] };
  };
  if ('minutes' in extension) {
    const minutes = seconds / 60 + extension.minutes;
    // The schedule starts again, at a pace that is not known yet.
    if (step === 0 || seconds === 0) return { steps: null, minutes, pace: [] };
    return extendedTo(step + Math.max(1, Math.floor((60 * extension.minutes * step) / seconds)), minutes);
  }
  if (extension.steps > step) return extendedTo(extension.steps, null);
  const expected = `more than ${step}, the steps that are done`;
  const remedy = 'give more steps, or --minutes for as many more';
  throw errorFactory('USAGE', 'resume training')('--steps', expected, String(extension.steps), remedy);
}

/**
 * Returns the marks of a length. If the length has steps but no mark, returns a mark at step 0, which keeps the
 * schedule so far.
 */
function recorded({ steps, pace }: TrainingLength): PaceMark[] {
  return pace.length > 0 || steps === null ? pace : [{ step: 0, progress: 0, steps, seconds: 0 }];
}
