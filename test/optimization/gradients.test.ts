import * as tf from '@tensorflow/tfjs-core';
import type { NetworkDescription } from '../../src/model/description.js';
import { buildChain, scoreChain } from '../../src/model/chain.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { toTensors } from '../../src/model/model.js';
import {
  anchorLoss,
  anchorLossNames,
  disposeRollout,
  type AnchorLossName,
} from '../../src/optimization/anchor-loss.js';
import {
  ANCHOR_LOSS,
  computeGradients,
  type StepSettings,
  type TrainedPart,
} from '../../src/optimization/gradients.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import { fastest } from '../backend/implementations.js';
import { randomExamples, randomWeights, tinyChain, warpedFrames } from '../model/tiny-networks.js';
import { movingSquares, tinyRun } from '../training/moving-square.js';

await tf.setBackend(fastest);

/** Mean nats and gradients as numbers; the examples and the rollout of `settings` are the caller's. */
function valuesOf(made: ReturnType<typeof computeGradients>) {
  const { nats, gradients, trained } = made;
  const values = { nats: nats.dataSync()[0], gradients: gradients.map((tensor) => [...tensor.dataSync()]), trained };
  tf.dispose([nats, ...gradients]);
  return values;
}

/** Expects numbers within a fraction of the largest of them all. */
function expectNear(received: readonly number[][], expected: readonly number[][], tolerance: number): void {
  const largest = Math.max(...expected.flat().map(Math.abs));
  expect(received.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const errors = received.flatMap((values, at) => values.map((value, i) => Math.abs(value - expected[at][i])));
  expect(Math.max(...errors) / largest).toBeLessThan(tolerance);
}

describe('of the parts of a step', () => {
  const rollOuts = 3;
  const { model, training } = tinyRun(
    { batch: 5, stages: [{ rollOuts }] },
    { size: { width: 8, height: 8 }, conditioning: [warpedFrames] },
  );
  const chain = buildChain(model);
  const data = createClipTrainingData(chain, movingSquares(3, 20, chain.exampleShape), [0, 1, 2], [], training);
  const [stage] = training.stages;
  const weights = randomWeights(chain, 4);

  /** Learns from the examples and rollouts from one place up to another. */
  function part(trains: TrainedPart, [from, to]: number[], [first, end]: number[], whole: StepSettings['whole']) {
    const parameters = toTensors(weights, chain.parameters);
    const examples = data.batch(2, stage, { from, to });
    const rollout = data.rollout(2, stage, { from: first, to: end });
    const found = valuesOf(computeGradients(chain, parameters, examples, { trains, rollout, whole }));
    disposeExamples(examples);
    if (rollout !== null) disposeRollout(rollout);
    tf.dispose(parameters);
    return found;
  }

  test.each<TrainedPart>(['all', 'conditioning'])('sums are those of the step where %s learns', (trains) => {
    const step = part(trains, [0, 5], [0, 3], undefined);
    const whole = { examples: 5, rollOuts };
    const parts = [part(trains, [0, 2], [0, 1], whole), part(trains, [2, 5], [1, 3], whole)];
    expect(parts[0].nats + parts[1].nats).toBeCloseTo(step.nats, 4);
    const sums = parts[0].gradients.map((values, at) => values.map((value, i) => value + parts[1].gradients[at][i]));
    expectNear(sums, step.gradients, 1e-4);
    // Without the whole each part weighs as if it were the step.
    const alone = part(trains, [0, 2], [0, 1], undefined);
    expect(() => expectNear(alone.gradients, parts[0].gradients, 1e-2)).toThrow('toBeLessThan');
  });
});

describe('of what is trained', () => {
  const described = tinyChain({ levels: 16, conditioning: [warpedFrames] });
  const setUp = (scales: NetworkDescription[]) => {
    const chain = buildChain({ version: 1, scales });
    return { chain, parameters: toTensors(randomWeights(chain, 5), chain.parameters) };
  };
  const scales = setUp(described);
  const single = setUp([{ ...described[1], conditioning: [warpedFrames] }]);
  const examples = randomExamples(single.chain.scales[0].description, 2, 3);
  afterAll(() => {
    tf.dispose([scales.parameters, single.parameters]);
    disposeExamples(examples);
  });
  const learned = ({ chain, parameters }: typeof scales, trains: TrainedPart, anchorLoss?: AnchorLossName) =>
    valuesOf(computeGradients(chain, parameters, examples, { trains, anchorLoss }));

  test('weights are those of the conditioning, all others, or those of a scale', () => {
    const names = (of: typeof scales, trains: TrainedPart) =>
      learned(of, trains).trained.map((index) => of.chain.parameters[index].name);
    const all = single.chain.parameters.map(({ name }) => name);
    const isOfConditioning = (name: string) => name.includes('.warped-frames.');
    expect(names(single, 'all')).toEqual(all);
    expect(names(single, 'conditioning')).toEqual(all.filter(isOfConditioning));
    expect(names(single, 'decoder')).toEqual(all.filter((name) => !isOfConditioning(name)));
    for (const scale of [0, 1]) {
      const own = scales.chain.parameters.filter(({ name }) => name.startsWith(`scales.${scale}.`));
      expect(names(scales, scale)).toEqual(own.map(({ name }) => name));
    }
  });

  test('gradients of the decoder are those that it has beside the conditioning, whose loss does not reach it', () => {
    const all = learned(single, 'all');
    const decoder = learned(single, 'decoder');
    const beside = decoder.trained.map((index) => all.gradients[all.trained.indexOf(index)]);
    expectNear(decoder.gradients, beside, 1e-6);
    expect(decoder.nats).toBeCloseTo(all.nats, 5);
  });

  test('gradients of a scale are those that it has beside the others, which share no weights with it', () => {
    const all = learned(scales, 'all');
    for (const scale of [0, 1]) {
      const own = learned(scales, scale);
      expectNear(
        own.gradients,
        own.trained.map((index) => all.gradients[index]),
        1e-6,
      );
    }
  });

  test.each(anchorLossNames)(
    'gradients are those of the mean nats and of %s, and the nats are the mean alone',
    (name) => {
      const { chain, parameters } = single;
      const all = learned(single, 'all', name);
      const mean = (weights: tf.Tensor[]) => tf.mean<tf.Scalar>(scoreChain(chain, weights, examples)[0].nats);
      const { levels } = chain.exampleShape;
      const onAnchors = (weights: tf.Tensor[]) =>
        anchorLoss({ ...scoreChain(chain, weights, examples)[0], levels }, name);
      const of = (loss: (weights: tf.Tensor[]) => tf.Scalar) =>
        tf.tidy(() =>
          tf
            .grads((...weights: tf.Tensor[]) => loss(weights))(parameters)
            .map((x) => [...x.dataSync()]),
        );
      const sum = of((weights) => tf.add(mean(weights), tf.mul(ANCHOR_LOSS, onAnchors(weights))));
      expectNear(all.gradients, sum, 1e-5);
      expect(() => expectNear(all.gradients, of(mean), 1e-3)).toThrow('toBeLessThan');
      expect(all.nats).toBeCloseTo(
        tf.tidy(() => mean(parameters).dataSync()[0]),
        5,
      );
    },
  );

  test('no tensor is left but what is returned', () => {
    const before = tf.memory().numTensors;
    for (const trains of ['all', 'conditioning', 'decoder'] as const) learned(single, trains);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('of two scales the decoder learns alone', () => {
  const { model, training } = tinyRun({ batch: 2 }, { conditioning: [warpedFrames] });
  const chain = buildChain({ ...model, scales: tinyChain({ conditioning: [warpedFrames] }) });
  const data = createClipTrainingData(chain, movingSquares(3, 20, chain.exampleShape), [0, 1, 2], [], training);
  const parameters = toTensors(randomWeights(chain, 4), chain.parameters);
  const examples = data.batch(2, training.stages[0], { from: 0, to: 2 });
  const { trained, gradients } = valuesOf(computeGradients(chain, parameters, examples, { trains: 'decoder' }));
  const isOfConditioning = (name: string) => /\.(warped-frames|low-resolution-image)\./.test(name);
  const expected = chain.parameters.map(({ name }) => name).filter((name) => !isOfConditioning(name));
  expect(trained.map((index) => chain.parameters[index].name)).toEqual(expected);
  expect(gradients.filter((values) => values.some((value) => value !== 0)).length).toBeGreaterThan(4);
  disposeExamples(examples);
  tf.dispose(parameters);
});
