import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';

/** A point from which on the schedule runs at one pace, to the last step. */
export const paceMarkSchema = z.strictObject({
  /** Updates done. */
  step: z.int().min(0),
  /** Share of the schedule that is behind, 0 to 1. */
  progress: z.number().min(0).max(1),
  /** Updates that there will be in all. */
  steps: z.int().min(0),
  /** Time that the training has taken, over all runs. */
  seconds: z.number().min(0),
  /** Validations in the whole training, where there is not time for all that were asked for. */
  validations: z.int().min(1).optional(),
});

export type PaceMark = z.infer<typeof paceMarkSchema>;

/** What a training's configuration says of its length. */
export interface TrainingLength {
  /** Number of updates; null until `minutes` have been turned into some. */
  steps: number | null;
  minutes: number | null;
  /** Where the schedule changed its pace, in the order of their steps. */
  pace: PaceMark[];
}

type Schedule = Pick<TrainingLength, 'steps' | 'pace'>;

/**
 * The share of the schedule that is behind after so many updates, 0 to 1, in a line from each mark to the last step: a
 * function of what the configuration has recorded alone. Null while the number of steps is not known.
 */
export function progressAt({ steps, pace }: Schedule, step: number): number | null {
  const start = steps === null || pace.length > 0 ? undefined : { step: 0, progress: 0, steps };
  const mark = pace.findLast((one) => one.step <= step) ?? start;
  if (mark === undefined) return null;
  if (step >= mark.steps) return 1;
  return mark.progress + ((1 - mark.progress) * (step - mark.step)) / (mark.steps - mark.step);
}

type Validated = Pick<TrainingLength, 'pace'> & { validations: number };

/** Validations in the whole training, as they are spread after so many updates. */
export function validationsAt({ pace, validations }: Validated, step: number): number {
  return pace.findLast((one) => one.step <= step)?.validations ?? validations;
}

/** Whether a validation follows so many updates: evenly spread over the schedule, the last after the last update. */
export function isValidationStep(training: Schedule & Validated, step: number): boolean {
  const count = validationsAt(training, step);
  const passed = (done: number) => Math.floor((progressAt(training, done) ?? 0) * count);
  return step === training.steps || passed(step) > passed(step - 1);
}

/** How a training that is resumed is made longer: steps in all, or minutes more. */
export type Extension = { steps: number } | { minutes: number };

/**
 * The length of a training that goes on to a later end: its schedule stands where one of that length from the first
 * would.
 * @param seconds that it has taken; 0: they are not known, as where the log is gone
 * @throws PxvError `USAGE` where it is that long already
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
    // The schedule begins again, at a pace that is yet to be found.
    if (step === 0 || seconds === 0) return { steps: null, minutes, pace: [] };
    return extendedTo(step + Math.max(1, Math.floor((60 * extension.minutes * step) / seconds)), minutes);
  }
  if (extension.steps > step) return extendedTo(extension.steps, null);
  const expected = `more than ${step}, the steps that are done`;
  const remedy = 'give more steps, or --minutes for as many more';
  throw errorFactory('USAGE', 'resume training')('--steps', expected, String(extension.steps), remedy);
}

/** The marks of a length, one at its beginning where it has none: what the schedule was stays known when it changes. */
function recorded({ steps, pace }: TrainingLength): PaceMark[] {
  return pace.length > 0 || steps === null ? pace : [{ step: 0, progress: 0, steps, seconds: 0 }];
}

/** Steps whose mean time is the pace; as many are waited for before the first number of steps. */
const STEPS_OF_PACE = 20;
/** The first ones are slower: memory is taken and code compiled in them. */
const FIRST_STEPS = 3;
/** Share of the time after which the steps are counted, however few there were. */
const LATEST_COUNT = 0.1;
/** The next look at the clock is after this share of the time that is left, and at least so many seconds. */
const NEXT_LOOK = { share: 1 / 8, seconds: 1 };
/** Share of the time that validations take at most, but for the one at the end. */
const MOST_VALIDATION = 1 / 4;

/** Turns the minutes that a training was given into steps, and corrects their number while the pace changes. */
export class PaceEstimator {
  private readonly recent: number[] = [];
  private recorded = 0;
  /** Of the latest validation; 0 before the first. */
  private validationSeconds = 0;
  private nextLook = 0;
  /** Time that earlier runs took. */
  private readonly before: number;

  /** @param seconds that are given for all runs @param step updates done before this one */
  constructor(
    private readonly seconds: number,
    { pace }: Schedule,
    step: number,
  ) {
    const mark = pace.at(-1);
    const perStep = mark === undefined ? 0 : (seconds - mark.seconds) / Math.max(1, mark.steps - mark.step);
    this.before = mark === undefined ? 0 : mark.seconds + (step - mark.step) * perStep;
  }

  /** Seconds of the time given that have passed. @param elapsed of this run */
  time(elapsed: number): { passed: number; given: number } {
    return { passed: this.before + elapsed, given: this.seconds };
  }

  /** Records how long a step took, with all that belongs to it but a validation. */
  step(seconds: number): void {
    if (++this.recorded <= FIRST_STEPS) return;
    this.recent.push(seconds);
    if (this.recent.length > STEPS_OF_PACE) this.recent.shift();
  }

  /** Records how long a validation took; what that means for the rest is seen after the next step. */
  validation(seconds: number): void {
    this.validationSeconds = seconds;
    this.nextLook = 0;
  }

  /**
   * Where the schedule goes on from, once it is time to look at the clock; else null.
   * @param progress of the schedule after `step` updates; null: not known yet
   * @param elapsed seconds of this run
   * @param asked validations in the whole training
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

  /** As many validations as there is time for: too many would leave none to learn in. */
  private affordable(asked: number): number {
    if (this.validationSeconds === 0) return asked;
    const most = Math.floor((MOST_VALIDATION * this.seconds) / this.validationSeconds);
    return Math.max(1, Math.min(asked, most));
  }
}
