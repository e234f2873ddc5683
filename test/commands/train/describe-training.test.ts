import { describeOutcome } from '../../../src/commands/train/describe-training.js';
import type { TrainedRun } from '../../../src/commands/train/train-model.js';
import { runSchema } from '../../../src/training/configuration.js';
import { model } from './tiny-clips.js';

const data = { type: 'clips', frames: ['clips'] };

/** The lines about a training of 82 steps on clips, whose frame before needs 4 bits/dim. */
function linesOf(
  { best = 3.858, last = 3.858, shipped = null as number | null, bestStep = 70, isOutOfTime = false },
  training: object = { steps: 98, minutes: 2 },
): string[] {
  const run = {
    output: 'my run',
    step: 82,
    facts: { step: 0, data: { frames: 1, baselines: { uniform: 8, 'previous-frame': 4 } } },
    best: { step: bestStep, bitsPerDim: best },
    last: { step: 82, bitsPerDim: last },
    shipped: shipped === null ? null : { name: 'video-64', bitsPerDim: shipped },
    configuration: runSchema.parse({ model: model.description, training, data }),
    isOutOfTime,
  };
  return describeOutcome(run as unknown as TrainedRun, '0:02:00');
}

test('a training says what came of it, how to make it longer, and how to use it', () => {
  expect(linesOf({})).toEqual([
    'trained 82 steps in 0:02:00: my run',
    'best validation: 3.858 bits/dim at step 70, whose weights the model has',
    'that is 3.5% fewer than the previous-frame baseline, 4.000',
    "longer: pxv train --resume --out 'my run' --minutes 2",
    "next: pxv predict CLIP --next 8 --model 'my run'",
  ]);
  expect(linesOf({}, { steps: 82 })).toContain("longer: pxv train --resume --out 'my run' --steps 164");
});

test('a last validation that differs by less than any change of weights is not called worse', () => {
  const worse = (last: number) => linesOf({ last })[1].includes('it got worse');
  expect([3.858, 3.859, 3.8625, 3.869].map(worse)).toEqual([false, false, false, true]);
  expect(linesOf({ last: 3.869 })[1]).toMatch(
    /; since then it got worse: 3\.869 at step 82: lower --learning-rate, or stop/,
  );
});

test('a model is compared with the shipped one, and where that is better, what to do is said', () => {
  expect(linesOf({ shipped: 4 })).toContain('video-64 needs 4.000 on the same frames, and this model 3.5% fewer');
  expect(linesOf({ shipped: 2.725 })).toContain(
    'video-64 needs 2.725 on the same frames, better than this model: train longer, or start from it by ' +
      '--from video-64',
  );
});

test('a training whose time was over before its last step says how to go on to it', () => {
  expect(linesOf({ isOutOfTime: true }).slice(-2)).toEqual([
    "the time was over before the last of 98 steps; to go on to it: pxv train --resume --out 'my run'",
    "next: pxv predict CLIP --next 8 --model 'my run'",
  ]);
});

test('a model that a training made no better is said to be as it was', () => {
  const lines = linesOf({ best: 2.725, last: 2.75, bestStep: 0 });
  expect(lines[1]).toBe('the model is as it was: its validation, 2.725 bits/dim, got no better: 2.750 at the end');
});
