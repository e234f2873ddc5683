import { quoteCommand } from '../../document/quote-command.js';
import { pluralize } from '../../foundation/pluralize.js';
import { formatBytes } from '../../memory/format-bytes.js';
import { readsFrames, type ModelDescription } from '../../model/description.js';
import type { TrainingInfo } from './options.js';
import type { TrainedRun } from './train-model.js';

/**
 * Returns lines of text on a training before its first step: model, data and baselines.
 * @param out run folder
 */
export function describeStart({ parameters, step, data }: TrainingInfo, out: string): string[] {
  const lines = (learnt: string, validation: string) => [
    `model: ${parameters} parameters; ${learnt}`,
    `validation: ${validation}; run folder: ${out}${step > 0 ? `; from step ${step}` : ''}`,
  ];
  const uniform = `baselines in bits/dim: uniform ${data.baselines.uniform.toFixed(2)}`;
  if ('images' in data) {
    const { images, validationImages, origin } = data;
    const learnt = `${pluralize(images, 'image')} to train on (${origin})`;
    return [...lines(learnt, pluralize(validationImages, 'image')), uniform];
  }
  const previous = data.baselines['previous-frame'];
  const best = previous === null ? '' : `, previous frame ${previous.toFixed(3)} on the validation frames`;
  if ('digits' in data) {
    const { digits, validationDigits, validationSequences, origin } = data;
    const validation = `${pluralize(validationSequences, 'sequence')} of ${pluralize(validationDigits, 'other digit')}`;
    const learnt = `sequences of ${pluralize(digits, 'digit')} to train on (${origin})`;
    return [...lines(learnt, validationSequences > 0 ? validation : 'none: too few digits'), `${uniform}${best}`];
  }
  const { trainingClips, validationClips, lastFifthValidates, frames, decoded } = data;
  return [
    ...lines(
      `${pluralize(trainingClips.length, 'clip')}, ${pluralize(frames, 'frame')} to train on`,
      lastFifthValidates
        ? 'the last fifth of each clip'
        : validationClips.join(', ') || 'none: give one with --validate',
    ),
    `decoded frames: ${formatBytes(decoded.bytes)} in ${decoded.folder}, which may be deleted after the training`,
    `${uniform}${best}`,
  ];
}

/** Difference in bits/dim between two validations below which neither is called worse. */
const NOISE = 0.005;

/**
 * Returns lines of text on the result of a training: duration, best validation beside baselines, and next commands.
 * @param duration duration of the steps of this run, such as `0:02:00`
 */
export function describeOutcome(run: TrainedRun, duration: string): string[] {
  const { output, step, facts, configuration, isOutOfTime } = run;
  const { minutes, steps } = configuration.training;
  const resume = (...length: string[]) => quoteCommand('pxv', 'train', '--resume', '--out', output, ...length);
  const more = minutes === null ? ['--steps', String(2 * step)] : ['--minutes', String(Math.ceil(minutes))];
  return [
    step > facts.step
      ? `trained ${stepsOf(run)} in ${duration}: ${output}`
      : `${output}: nothing to do, for its ${pluralize(step, 'step')} had been done; longer with --steps S ` +
        'or --minutes M',
    ...validationLines(run),
    isOutOfTime
      ? `the time was over before the last of ${pluralize(steps ?? step, 'step')}; to go on to it: ${resume()}`
      : `longer: ${resume(...more)}`,
    `next: ${drawingCommand(configuration.model, output)}`,
  ];
}

/** Returns the command that predicts or draws with a model. @param path run folder of the model */
export function drawingCommand(model: ModelDescription, path: string): string {
  const words = readsFrames(model) ? ['predict', 'CLIP', '--next', '8'] : ['sample'];
  return quoteCommand('pxv', ...words, '--model', path);
}

/** Returns the number of steps of this run, and the total if there were earlier runs. */
function stepsOf({ step, facts }: TrainedRun): string {
  return facts.step === 0 ? pluralize(step, 'step') : `${pluralize(step - facts.step, 'step')}, ${step} in all,`;
}

/** Returns lines about the best validation beside a baseline and a shipped model. */
function validationLines({ best, last, shipped, facts: { data } }: TrainedRun): string[] {
  if (best === null) return ['no validation: the model has the last weights'];
  const latest = last ?? best;
  const [reached, now] = [best, latest].map(({ bitsPerDim }) => bitsPerDim.toFixed(3));
  if (best.step === 0 && latest.step > 0)
    return [`the model is as it was: its validation, ${reached} bits/dim, got no better: ${now} at the end`];
  const isWorse = latest.bitsPerDim - best.bitsPerDim > NOISE;
  const advice = 'lower --learning-rate, or stop earlier with --patience';
  const worse = isWorse ? `; since then it got worse: ${now} at step ${latest.step}: ${advice}` : '';
  const { uniform } = data.baselines;
  const previous = 'previous-frame' in data.baselines ? data.baselines['previous-frame'] : null;
  const [baseline, name] = previous === null ? [uniform, 'uniform'] : [previous, 'previous-frame'];
  const fewer = (than: number) => `${(100 * (1 - best.bitsPerDim / than)).toFixed(1)}% fewer`;
  const isBetter = (than: number) => best.bitsPerDim < than;
  const lines = [
    `best validation: ${reached} bits/dim at step ${best.step}, whose weights the model has${worse}`,
    isBetter(baseline)
      ? `that is ${fewer(baseline)} than the ${name} baseline, ${baseline.toFixed(3)}`
      : `worse than the ${name} baseline, ${baseline.toFixed(3)}: train longer, with --resume --minutes M`,
  ];
  if (shipped === null) return lines;
  const needed = `${shipped.name} needs ${shipped.bitsPerDim.toFixed(3)} on the same frames`;
  const remedy = `better than this model: train longer, or start from it by --from ${shipped.name}`;
  return [
    ...lines,
    isBetter(shipped.bitsPerDim) ? `${needed}, and this model ${fewer(shipped.bitsPerDim)}` : `${needed}, ${remedy}`,
  ];
}
