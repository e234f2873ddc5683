import * as tf from '@tensorflow/tfjs-core';
import { DynamicEvaluation } from '../../src/evaluation/dynamic-evaluation.js';
import { scoreFrames } from '../../src/evaluation/frame-likelihoods.js';
import { mixtureNats } from '../../src/evaluation/mixture.js';
import type { Frame } from '../../src/foundation/frame.js';
import { downsampleExamples, selectScaleParameters, unknownMask } from '../../src/model/chain.js';
import { toTensors, type Model } from '../../src/model/model.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { runConditioning, scoreNetwork } from '../../src/model/network.js';
import { kernelSets } from '../backend/implementations.js';
import { randomFrames, randomModel, tinyChain, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { collect } from '../video/made-clips.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const warped = randomModel([tinyNetwork({ conditioning: [{ ...warpedFrames, context: 3 }] })]);
const plain = randomModel([tinyNetwork()]);
const chained = randomModel(tinyChain({ conditioning: [warpedFrames] }));

function framesOf({ chain: { exampleShape } }: Model, count: number): Frame[] {
  const bytes = frameBytes(exampleShape);
  const data = randomFrames(exampleShape, count, 5);
  const { size, channels } = exampleShape;
  return Array.from({ length: count }, (_, at) => ({
    ...size,
    channels,
    data: data.slice(at * bytes, (at + 1) * bytes),
  }));
}

async function* streamOf(frames: readonly Frame[]) {
  for (const frame of frames) yield await Promise.resolve(frame);
}

/** Weights that learn nothing, and remember how many examples they were given. */
class StillWeights extends DynamicEvaluation {
  given = 0;
  override learn(examples: Examples): void {
    expect(examples.image.shape[0]).toBe(1);
    this.given++;
  }
}

function stillWeights({ chain, weights }: Pick<Model, 'chain' | 'weights'>): StillWeights {
  const tensors = toTensors(weights, chain.parameters);
  const still = new StillWeights(chain, tensors);
  tf.dispose(tensors);
  return still;
}

test('a frame is scored by a mixture of what frames before, every second one, and both say', async () => {
  const { chain } = warped;
  const frames = framesOf(warped, 8);
  const learning = stillWeights(warped);
  const before = tf.memory().numTensors;
  const scored = await collect(scoreFrames(chain, learning, streamOf(frames)));
  expect(tf.memory().numTensors).toBe(before);
  expect(scored.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(learning.given).toBe(7);
  const alone = await collect(scoreFrames(chain, learning.weights, streamOf(frames)));
  for (const [at, { nats, anchors }] of scored.entries()) {
    const next = at + 1;
    expect(anchors).toEqual(alone[at].anchors);
    // Every second one: two at least, of which the nearer lies two frames before.
    const slower = [next - 6, next - 4, next - 2].filter((frame) => frame >= 0);
    if (slower.length < 2) {
      expect(nats).toEqual(alone[at].nats);
      continue;
    }
    const nearer = [next - 3, next - 2, next - 1].filter((frame) => frame >= 0);
    const [near, far] = [nearer, slower].map((given) => {
      const buffer = new ExampleBuffer(chain.exampleShape, 1);
      buffer.add(
        Uint8Array.from([...given, next].flatMap((frame) => [...frames[frame].data])),
        given.length + 1,
        false,
      );
      return buffer.tensors();
    });
    const byScale = chain.scales.map((network, scale) => {
      const weights = selectScaleParameters(chain, scale, learning.weights);
      const [own, other] = [near, far].map((examples) => downsampleExamples(chain, scale, examples));
      const [a, b] = [own, other].map(({ conditioningInputs }) =>
        runConditioning(network, weights, conditioningInputs)!,
      );
      const half = (x: tf.Tensor4D, y: tf.Tensor4D) => tf.div<tf.Tensor4D>(tf.add(x, y), 2);
      const both = { ...a, map: half(a.map, b.map), anchors: [half(a.anchors[0], b.anchors[0]), a.anchors[1]] };
      const known = unknownMask(network.description);
      const three = [a, b, both].map((condition) => {
        const values = scoreNetwork(network, weights, own, condition).nats.dataSync<'float32'>();
        return known === null ? values : values.map((value, at) => value * known[at]);
      });
      return [...mixtureNats(network.description, three)];
    });
    expect([...nats]).toEqual(byScale.flat());
    disposeExamples(near);
    disposeExamples(far);
  }
  learning.dispose();
});

test.each([
  ['learns no expected frame', plain],
  ['predicts no frame before its last scale', chained],
])('a model that %s scores by what the frames before say alone', async (_, { chain, weights }) => {
  const frames = framesOf({ chain } as Model, 6);
  const learning = stillWeights({ chain, weights });
  const scored = await collect(scoreFrames(chain, learning, streamOf(frames)));
  const alone = await collect(scoreFrames(chain, learning.weights, streamOf(frames)));
  expect(scored).toEqual(alone);
  learning.dispose();
});

test.each(['weights that learn', 'weights that stay'])(
  'an interruption is heard while frames wait to be scored: %s',
  async (kind) => {
    const { chain } = warped;
    const learning = stillWeights(warped);
    const controller = new AbortController();
    const seen: number[] = [];
    const all = async () => {
      const weights = kind === 'weights that learn' ? learning : learning.weights;
      const options = { batch: 1, signal: controller.signal };
      for await (const { index } of scoreFrames(chain, weights, streamOf(framesOf(warped, 8)), options)) {
        // As a signal of the system is: told when the event loop has its turn.
        if (seen.push(index) === 2) setImmediate(() => controller.abort(new Error('enough')));
      }
    };
    await expect(all()).rejects.toThrow('enough');
    expect(seen.length).toBeLessThan(5);
    learning.dispose();
  },
);

test('a scoring that is interrupted says so, and leaves nothing behind', async () => {
  const { chain } = warped;
  const learning = stillWeights(warped);
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const scored = scoreFrames(chain, learning, streamOf(framesOf(warped, 8)), { signal: controller.signal });
  await scored.next();
  controller.abort(new Error('enough'));
  await expect(scored.next()).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
  learning.dispose();
});

test('a likelihood that is not finite is an error that names its frame', async () => {
  const { chain } = plain;
  const weights = toTensors(
    plain.weights.map((values) => values.map((value) => 1e30 * value)),
    chain.parameters,
  );
  await expect(collect(scoreFrames(chain, weights, streamOf(framesOf(plain, 4))))).rejects.toMatchObject({
    code: 'CHECKPOINT',
    message: expect.stringMatching(
      /^score: frame 1: expected a finite likelihood of every sub-pixel, received NaN at sub-pixel \d+ of \d+; use/,
    ) as string,
  });
  tf.dispose(weights);
});
