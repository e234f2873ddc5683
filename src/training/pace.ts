import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';

/** Schema of a point of a training from which the schedule runs at one pace to the last step. */
export const paceMarkSchema = z.strictObject({
  /** Number of updates done. */
  step: z.int().min(0),
  /** Fraction of the schedule that is done, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Estimated total number of updates. */
  steps: z.int().min(0),
  /** Duration of the training so far, over all runs, in seconds. */
  seconds: z.number().min(0),
  /** Number of validations in the whole training, if there is time for fewer than requested. */
  validations: z.int().min(1).optional(),
});

/** Point of a training from which the schedule runs at one pace to the last step. */
export type PaceMark = z.infer<typeof paceMarkSchema>;

/** Length of a training, in steps or minutes. */
export interface TrainingLength {
  /** Number of updates; null until estimated from `minutes`. */
  steps: number | null;
  minutes: number | null;
  /** Points at which the schedule changed its pace, ordered by step. */
  pace: PaceMark[];
}

type Schedule = Pick<TrainingLength, 'steps' | 'pace'>;

/**
 * Returns the fraction of the schedule that is done after `step` updates, 0 to 1. The fraction is linear from each mark
 * to the last step, and depends only on the recorded configuration. Returns null if the number of steps is not known.
 */
export function progressAt({ steps, pace }: Schedule, step: number): number | null {
  const start = steps === null || pace.length > 0 ? undefined : { step: 0, progress: 0, steps };
  const mark = pace.findLast((one) => one.step <= step) ?? start;
  if (mark === undefined) return null;
  if (step >= mark.steps) return 1;
  return mark.progress + ((1 - mark.progress) * (step - mark.step)) / (mark.steps - mark.step);
}

type Validated = Pick<TrainingLength, 'pace'> & { validations: number };

/** Returns the number of validations in the whole training, as planned after `step` updates. */
export function validationsAt({ pace, validations }: Validated, step: number): number {
  return pace.findLast((one) => one.step <= step)?.validations ?? validations;
}

/**
 * Returns true if a validation follows update `step`. Validations are evenly spread over the schedule, the last after
 * the last update.
 */
export function isValidationStep(training: Schedule & Validated, step: number): boolean {
  const count = validationsAt(training, step);
  const passed = (done: number) => Math.floor((progressAt(training, done) ?? 0) * count);
  return step === training.steps || passed(step) > passed(step - 1);
}

/** Extension of a finished or stopped training: the new total of steps, or additional minutes. */
export type Extension = { steps: number } | { minutes: number };

/**
 * Returns the length of a training that is resumed with a later end. The schedule is then as far as in a training of
 * the new length from the start.
 * @param seconds duration of the training so far; 0: not known, for example if the log is gone
 * @throws PxvError `USAGE` if the training has that many steps already
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

/** Number of latest steps whose mean duration is the pace, and which are measured before the first estimate. */
const STEPS_OF_PACE = 20;
/** Number of first steps that are not measured: memory allocation and compilation slow them. */
const FIRST_STEPS = 3;
/** Fraction of the duration after which the steps are estimated even from fewer measured steps. */
const LATEST_COUNT = 0.1;
/** Time to the next estimate: a fraction of the remaining time, and the minimum in seconds. */
const NEXT_LOOK = { share: 1 / 8, seconds: 1 };
/** Maximum fraction of the duration for validations, except the last. */
const MOST_VALIDATION = 1 / 4;

/** Estimator of the number of steps in the given duration, which corrects the number if the pace changes. */
export class PaceEstimator {
  private readonly recent: number[] = [];
  private recorded = 0;
  /** Duration of the latest validation; 0 before the first. */
  private validationSeconds = 0;
  private nextLook = 0;
  /** Duration of earlier runs, in seconds. */
  private readonly before: number;

  /** @param seconds duration of the training over all runs @param step updates done before this run */
  constructor(
    private readonly seconds: number,
    { pace }: Schedule,
    step: number,
  ) {
    const mark = pace.at(-1);
    const perStep = mark === undefined ? 0 : (seconds - mark.seconds) / Math.max(1, mark.steps - mark.step);
    this.before = mark === undefined ? 0 : mark.seconds + (step - mark.step) * perStep;
  }

  /** Returns the passed and the given seconds over all runs. @param elapsed seconds of this run */
  time(elapsed: number): { passed: number; given: number } {
    return { passed: this.before + elapsed, given: this.seconds };
  }

  /** Records the duration of a step with everything around it, except validations. */
  step(seconds: number): void {
    if (++this.recorded <= FIRST_STEPS) return;
    this.recent.push(seconds);
    if (this.recent.length > STEPS_OF_PACE) this.recent.shift();
  }

  /** Records the duration of a validation; the next `look` corrects the estimate. */
  validation(seconds: number): void {
    this.validationSeconds = seconds;
    this.nextLook = 0;
  }

  /**
   * Returns a new mark of the schedule if an estimate is due. Returns null if none is due.
   * @param progress fraction of the schedule done after `step` updates; null: not known yet
   * @param elapsed seconds of this run
   * @param asked requested number of validations in the whole training
   */
  look(step: number, progress: number | null, elapsed: number, asked: number): PaceMark | null {
    const { passed: taken } = this.time(elapsed);
    const left = this.seconds - taken;
    if (progress === null) {
      const enough = this.recent.length === STEPS_OF_PACE || taken > LATEST_COUNT * this.seconds;
      if (this.recent.length === 0 ? left > 0 : !enough) return null;
    } else if (taken < this.nextLook || this.recent.length === 0) {
      return null;
    }
    this.nextLook = taken + Math.max(NEXT_LOOK.share * left, NEXT_LOOK.seconds);
    const behind = progress ?? 0;
    const perStep = this.recent.reduce((sum, time) => sum + time, 0) / this.recent.length;
    const validations = this.affordable(asked);
    const toValidate = (validations - Math.floor(validations * behind)) * this.validationSeconds;
    const more = this.recent.length === 0 ? 0 : Math.max(0, Math.floor((left - toValidate) / perStep));
    return { step, progress: behind, steps: step + more, seconds: taken, ...(validations < asked && { validations }) };
  }

  /** Returns the number of validations that there is time for, at least 1 and at most `asked`. */
  private affordable(asked: number): number {
    if (this.validationSeconds === 0) return asked;
    const most = Math.floor((MOST_VALIDATION * this.seconds) / this.validationSeconds);
    return Math.max(1, Math.min(asked, most));
  }
}
