import * as tf from '@tensorflow/tfjs-core';
import { FrameCoder } from '../../src/coding/frame-coder.js';
import { frameBytes, bytesToLevels } from '../../src/foundation/levels.js';
import { disposeExamples, ExampleBuffer, FrameHistory } from '../../src/conditioning/context/examples.js';
import { toTensors } from '../../src/model/model.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import {
  mixtureTogether,
  randomFrames,
  randomModel,
  likelihoodModels,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';

const sets = kernelSets.filter((set) => ['wasm', 'portable', 'avx2', 'neon'].includes(set.instructionSet));
const together = tinyNetwork({ head: mixtureTogether, conditioning: [warpedFrames] });

const families = [
  ['wasm', 'portable'],
  ['avx2', 'avx512', 'amx', 'neon'],
];
test.each(families)('machines of one family, %s, %s and others, write the same bytes', async (...family) => {
  const names = kernelSets.map((set) => set.instructionSet as string).filter((name) => family.includes(name));
  const model = randomModel([together], 5);
  const { exampleShape: shape } = model.chain;
  const history = new FrameHistory(shape);
  history.push(randomFrames(shape, 1, 6));
  const levels = bytesToLevels(shape, randomFrames(shape, 1, 7));
  const written: (readonly Uint8Array[])[] = [];
  for (const name of names) {
    await tf.setBackend(`native-${name}`);
    const coder = new FrameCoder(model);
    const buffer = new ExampleBuffer(shape, 1);
    history.addExample(buffer, randomFrames(shape, 1, 7));
    const examples = buffer.tensors();
    written.push((await coder.encode(examples))[0].scales);
    expect([name, ...(await coder.decode(FrameHistory.examples([history]), written[0]))]).toEqual([name, ...levels]);
    expect([name, ...written.at(-1)!]).toEqual([name, ...written[0]]);
    disposeExamples(examples);
    coder.dispose();
  }
});

describe.each(sets.map((set) => [set.instructionSet, set] as const))('on %s', (name) => {
  beforeEach(() => tf.setBackend(`native-${name}`));

  test.each([...likelihoodModels, ['mixture over all colours', [together]]] as typeof likelihoodModels)(
    'frames of a model, %s, are read as they were written, in as many bytes as its likelihood says',
    async (_, scales) => {
      const model = randomModel(scales);
      const shape = model.chain.exampleShape;
      const bytesOfFrame = frameBytes(shape);
      const all = randomFrames(shape, 5, 4);
      const frames = [0, 1, 2, 3, 4].map((at) => all.slice(at * bytesOfFrame, (at + 1) * bytesOfFrame));
      const weights = toTensors(model.weights, model.chain.parameters);
      const coder = new FrameCoder(model);
      const history = new FrameHistory(shape);
      for (const [at, frame] of frames.entries()) {
        const buffer = new ExampleBuffer(shape, 1);
        history.addExample(buffer, frame);
        const examples = buffer.tensors();
        const [coded] = await coder.encode(examples);
        const [nats] = natsOfExamples(model.chain, weights, examples);
        const bytes = coded.scales.reduce((sum, { length }) => sum + length, 0);
        // A byte and a half of each scale for its end; of counts of 2^30 the least likely level has 30 bits.
        expect(bytes).toBeLessThanOrEqual((1.001 * nats) / Math.LN2 / 8 + 1.5 * scales.length);
        const end = 8 * bytes - coded.bits;
        expect([end > -8 * scales.length, end < 12 * scales.length]).toEqual([true, true]);
        const levels = await coder.decode(FrameHistory.examples([history]), coded.scales);
        expect([at, ...levels]).toEqual([at, ...bytesToLevels(shape, frame)]);
        history.push(frame);
      }
      coder.dispose();
      tf.dispose(weights);
    },
  );
});
