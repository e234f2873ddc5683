import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterSpec } from '../../src/backend/parameters.js';
import { buildChain, downsampleExamples, selectScaleParameters, unknownMask } from '../../src/model/chain.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { disposeExamples, ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { getHead } from '../../src/model/heads/index.js';
import { anchorsByPixel, buildNetwork, runConditioning, runNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import type { Rollout } from '../../src/optimization/anchor-loss.js';
import { ANCHOR_LOSS, computeGradients, type StepSettings } from '../../src/optimization/gradients.js';
import { fastest, forms } from '../backend/implementations.js';
import { checkGradient } from '../gradient-check.js';
import { checkParameters, SMALL_STEP, total } from './parameter-gradients.js';
import { referenceCondition } from '../conditioning/reference-conditioning.js';
import { referenceExample, referenceNatsOf, referenceOutputs, referenceScore } from './reference-network.js';
import { referenceWeights, type Numbers } from './reference-planes.js';
import {
  framedNetworks,
  randomExamples,
  randomFrames,
  randomWeights,
  softmax,
  tinyChain,
  warpedFrames,
} from './tiny-networks.js';

const described = ['together, warped-frames of 2', 'looked for in two of them'].map((end) =>
  framedNetworks.find(([name]) => name.endsWith(end))!,
);

describe.each(forms.flatMap((form) => described.map(([name, description]) => ({ form, name, description }))))(
  'on $form the gradient of the nats with respect to a learned anchor, $name',
  ({ form, description }) => {
    const network = buildNetwork(description);
    const weights = randomWeights(network, 3);

    /** Gradients where the anchor moves in what the network reads, in what the head starts from, or in both. */
    const gradients = () => {
      const examples = randomExamples(description, 1, 4);
      const { image, conditioningInputs } = examples;
      const { head, levels, channels } = description;
      const parameters = toTensors(weights, network.parameters);
      const { map, anchors, references } = runConditioning(network, parameters, conditioningInputs)!;
      const targets = tf.cast<Tensor2D>(tf.reshape(image, [-1, channels]), 'int32');
      const nats = (read: Tensor4D, start: Tensor4D): Scalar => {
        const output = runNetwork(network, parameters, image, { map, anchors: [read, anchors[1]], references });
        const outputs: Tensor2D = tf.reshape(output, [targets.shape[0], -1]);
        const started = anchorsByPixel(network, { map, anchors: [start, anchors[1]], references }, targets.shape[0]);
        return tf.sum(getHead(head).nats(head, levels, outputs, targets, started));
      };
      const [anchor] = anchors;
      // Another tensor of the same values, which does not move with it.
      const still = anchor.clone();
      const gradient = (value: (x: Tensor4D) => Scalar) =>
        tf
          .grad((x) => value(x as Tensor4D))(anchor)
          .dataSync();
      return {
        both: gradient((x) => nats(x, x)),
        read: gradient((x) => nats(x, still)),
        start: gradient((x) => nats(still, x)),
        anchor: Float64Array.from(anchor.dataSync()),
        example: referenceExample(examples, 0),
      };
    };
    let found: ReturnType<typeof gradients>;
    beforeAll(async () => {
      await tf.setBackend(form);
      tf.engine().startScope();
      found = gradients();
      tf.engine().endScope();
    });

    /**
     * Compares a gradient with that of the float64 reference where what it reads and what it starts from move or not.
     */
    const check = (gradient: ArrayLike<number>, moves: { read: boolean; start: boolean }): void => {
      const { anchor, example } = found;
      const named = referenceWeights(network.parameters, weights);
      const { map, anchors, references = [] } = referenceCondition(description, named, example);
      const value = (x: Numbers): number => {
        const read = [moves.read ? x : anchor, anchors[1]];
        const start = [moves.start ? x : anchor, anchors[1]];
        const outputs = referenceOutputs(description, named, example.image, { map, anchors: read, references });
        return total(referenceNatsOf(description, outputs, example.image, start));
      };
      checkGradient({ name: 'anchor', x: anchor, gradient, value, step: SMALL_STEP });
    };

    test('is that of the float64 reference', () => {
      check(found.both, { read: true, start: true });
    });

    test('has a part through the image input that shows the difference, and is another without', () => {
      check(found.read, { read: true, start: false });
      expect(() => check(found.start, { read: true, start: true })).toThrow('anchor: gradient');
    });

    test('has a part through the head, and is another without', () => {
      check(found.start, { read: false, start: true });
      expect(() => check(found.read, { read: true, start: true })).toThrow('anchor: gradient');
    });
  },
);

/**
 * Examples of a chain, the first without its oldest frame where there are two; in the second no templates are looked
 * for.
 */
function chainExamples(scales: NetworkDescription[]) {
  const chain = buildChain({ version: 1, scales });
  const buffer = new ExampleBuffer(chain.exampleShape, 2);
  for (const frames of [2, 3])
    buffer.add(randomFrames(chain.exampleShape, frames, 3 * frames), frames, false, () => frames, frames === 2);
  return { chain, weights: randomWeights(chain, 5), examples: buffer.tensors() };
}

describe('with a loss on the anchor, gradients of a training step are those of the float64 reference', () => {
  const layers = { layers: [], output: [], first: { kernel: 3, features: 9 } };
  const head = { type: 'logistic-mixture', components: 2, meanScale: 4 } as const;
  const cases = {
    'frames move at two scales': tinyChain({ ...layers, head, levels: 32, conditioning: [warpedFrames] }),
    'templates are looked for in one example of two': [{ ...described[1][1], ...layers, head, levels: 32 }],
  };

  test.each(forms.flatMap((form) => Object.entries(cases).map(([name, scales]) => ({ form, name, scales }))))(
    'on $form, where $name',
    async ({ form, scales }) => {
      await tf.setBackend(form);
      const { chain, weights, examples } = chainExamples(scales);
      const parameters = toTensors(weights, chain.parameters);
      const { nats, gradients } = computeGradients(chain, parameters, examples);
      const own = chain.scales.map((_, scale) => downsampleExamples(chain, scale, examples));
      const batches = own.map((batch) => [0, 1].map((index) => referenceExample(batch, index)));
      /** Mean nats, and what the loss on the anchors adds. */
      const loss = (values: readonly Numbers[]): Float64Array => {
        let sum = 0;
        let onAnchors = 0;
        chain.scales.forEach(({ description, parameters }, scale) => {
          const named = referenceWeights(parameters, selectScaleParameters(chain, scale, values));
          const unknown = unknownMask(description);
          for (const example of batches[scale]) {
            const { nats, anchors } = referenceScore(description, named, example);
            sum += total(unknown === null ? nats : nats.map((value, at) => value * unknown[at]));
            const squares = Float64Array.from(example.image, (level, at) => (level - anchors[0][at]) ** 2);
            onAnchors += Math.log(1 + total(squares) / squares.length);
          }
        });
        return Float64Array.of(sum / examples.image.size, (ANCHOR_LOSS * onAnchors) / 2);
      };
      // The others are compared where the nats' own gradients are.
      const isCompared = ({ name }: ParameterSpec) => /warped-frames\.(motion|residual)/.test(name);
      const check = (value: (values: readonly Numbers[]) => number) =>
        checkParameters(chain.parameters, weights, gradients, value, isCompared);
      check((values) => total(loss(values)));
      expect(() => check((values) => loss(values)[0])).toThrow('motion.weights: gradient');
      expect(nats.dataSync()[0]).toBeCloseTo(loss(weights)[0], 3);
      tf.dispose([nats, ...gradients, ...parameters]);
      disposeExamples(examples);
    },
  );

  const rolled = [
    ...forms.map((form) => ({ form, blockMatching: false, anchorLoss: 'log-mse' as const })),
    { form: fastest, blockMatching: true, anchorLoss: 'log-mse' as const },
    { form: fastest, blockMatching: false, anchorLoss: 'mse' as const },
  ];

  test.each(rolled)(
    'on $form, through frames that are expected one after another, block matching $blockMatching, by $anchorLoss',
    async ({ form, blockMatching, anchorLoss }) => {
      await tf.setBackend(form);
      const conditioning = [{ ...warpedFrames, blockMatching }];
      const network = { ...described[0][1], layers: [], output: [], head, levels: 32, conditioning };
      const { chain, weights, examples } = chainExamples([network]);
      const parameters = toTensors(weights, chain.parameters);
      const [later, last, slower, between] = [6, 7, 8, 9].map((seed) => randomExamples(network, 2, seed));
      // Motion that is looked for among expected frames would have a gradient; it is taken as found.
      const views = (blockMatching ? [examples, slower] : [examples, slower, between]).map((each) => {
        const { frames, valid, noise } = each.conditioningInputs.context!;
        return { ...each, conditioningInputs: { context: { frames, valid, noise } } };
      });
      const subsequences = [
        { stride: 1, phase: 0 },
        { stride: 2, phase: 0 },
        { stride: 2, phase: 1 },
      ];
      // The second example has too few frames a stride apart.
      const counted = [
        [1, 1],
        [1, 0],
        [1, 1],
      ];
      const rollout: Rollout = {
        known: views.map(({ conditioningInputs }, at) => ({
          subsequence: subsequences[at],
          conditioningInputs,
          counts: tf.tensor4d(counted[at], [2, 1, 1, 1]),
        })),
        truth: [examples, later, last].map(({ image }) => image),
      };
      const step = (settings: StepSettings) => {
        const { gradients, nats } = computeGradients(chain, parameters, examples, settings);
        const values = gradients.map((gradient) => gradient.dataSync());
        tf.dispose([nats, ...gradients]);
        return values;
      };
      const both = step({ rollout, anchorLoss });
      const alone = step({ anchorLoss });
      const gradients = both.map((values, index) => values.map((value, at) => value - alone[index][at]));
      const starts = [0, 1].map((index) => views.map((each) => referenceExample(each, index)));
      const truth = rollout.truth.map((image) => Float64Array.from(image.dataSync()));
      /** @param isHeld whether what is expected is taken for true afterwards, as it is with these weights */
      const loss = (values: readonly Numbers[], isHeld: boolean): number => {
        const [named, held] = [values, weights].map((all) => referenceWeights(chain.scales[0].parameters, all));
        const ofExample = starts.map((start, example) => {
          const given = [...start];
          const expectedSince = [0, 0, 0];
          const nats = truth.map((images, step) => {
            const image = images.subarray((example * images.length) / 2, ((example + 1) * images.length) / 2);
            // Stride 2 leads to the second frame and, by way of the first, to the third.
            const due = [0, step].filter((view, at) => (at === 0 || view > 0) && view < views.length);
            const has = step === 0 ? [0, 2].filter((view) => view < views.length) : due;
            const meanOf = (by: typeof named) => {
              const anchors = due
                .filter((view) => counted[view][example] === 1)
                .map((view) => referenceCondition(network, by, given[view]).anchors[0]);
              return Float64Array.from(
                anchors[0],
                (_, at) => total(Float64Array.from(anchors, (one) => one[at])) / anchors.length,
              );
            };
            const mean = meanOf(named);
            const shown = isHeld ? meanOf(held) : mean;
            const frame = Float64Array.from(shown, (level) => Math.min(Math.max(level, 0), network.levels - 1));
            for (const view of has) {
              const known = { frames: start[view].frames, expected: ++expectedSince[view] };
              given[view] = {
                ...given[view],
                frames: [...given[view].frames.slice(1), frame],
                valid: [...given[view].valid.slice(1), 1],
                ...(view < 2 && { known }),
              };
            }
            const error = total(image.map((level, at) => (level - mean[at]) ** 2)) / image.length;
            return anchorLoss === 'mse' ? error * (8 / (network.levels - 1)) ** 2 : Math.log(1 + error);
          });
          return total(Float64Array.from(nats)) / truth.length;
        });
        return (ANCHOR_LOSS * (ofExample[0] + ofExample[1])) / 2;
      };
      const check = (isHeld: boolean) =>
        checkParameters(
          chain.parameters,
          weights,
          gradients.map((values) => tf.tensor1d(values)),
          (values) => loss(values, isHeld),
          ({ name }) => /warped-frames\.(motion|residual)/.test(name),
        );
      check(false);
      expect(() => check(true)).toThrow('gradient');
      tf.dispose([parameters, rollout.truth.slice(1), rollout.known.map(({ counts }) => counts)]);
      for (const each of [examples, slower, between]) disposeExamples(each);
    },
  );

  test('a head that starts from no anchor and reads none learns it by that loss alone', async () => {
    await tf.setBackend(fastest);
    const { chain, weights, examples } = chainExamples([{ ...described[0][1], levels: 16, head: softmax }]);
    const parameters = toTensors(weights, chain.parameters);
    const residual = chain.parameters.findIndex(({ name }) => name.endsWith('residual.weights'));
    const gradientsBy = (trains: 'all' | 'conditioning') =>
      tf.tidy(() => [...computeGradients(chain, parameters, examples, { trains }).gradients[residual].dataSync()]);
    const ofAll = gradientsBy('all');
    const alone = gradientsBy('conditioning');
    expect(Math.max(...ofAll.map(Math.abs))).toBeGreaterThan(0);
    // Where the conditioning learns alone, that loss is all there is.
    alone.forEach((gradient, at) => expect(ANCHOR_LOSS * gradient).toBeCloseTo(ofAll[at], 6));
    tf.dispose(parameters);
    disposeExamples(examples);
  });
});
