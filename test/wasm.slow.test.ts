import * as tf from '@tensorflow/tfjs-core';
import { resizeModel } from '../src/model/resize-model.js';
import { loadModel } from '../src/model/checkpoint.js';
import { toTensors, type Model } from '../src/model/model.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../src/conditioning/context/examples.js';
import { frameBytes } from '../src/foundation/levels.js';
import { listShippedModels } from '../src/model/shipped-models.js';
import { FrameSampler } from '../src/sampling/frame-sampler.js';
import { availableSets } from './backend/implementations.js';
import { chainNats } from './model/chain-nats.js';

/** What a model is run at: its own size where it is quick, else as few pixels as seconds allow. */
const sizeOf = (name: string) => (/mnist/.test(name) ? { width: 28, height: 28 } : { width: 16, height: 12 });

/** Bytes of a frame of waves that cross each other as time goes on. */
function waves({ chain }: Model, time: number): number[] {
  const { size, channels } = chain.exampleShape;
  return Array.from({ length: frameBytes(chain.exampleShape) }, (_, at) => {
    const pixel = Math.floor(at / channels);
    const channel = at % channels;
    const row = Math.floor(pixel / size.width);
    const column = pixel % size.width;
    return Math.round(127.5 + 60 * Math.sin((column + time) / 3 + channel) + 60 * Math.sin((row - 2 * time) / 4));
  });
}

/** Sixteen frames, each with those before it, or 32 images. */
function examplesOf(model: Model): Examples {
  const { context } = model.chain.exampleShape;
  const count = context > 0 ? 16 : 32;
  const buffer = new ExampleBuffer(model.chain.exampleShape, count);
  for (let first = 0; first < count; first++) {
    const frames = Array.from({ length: context + 1 }, (_, frame) => waves(model, first + frame));
    buffer.add(Uint8Array.from(frames.flat()), context + 1, false);
  }
  return buffer.tensors();
}

(availableSets.includes('portable') ? test : test.skip).each(listShippedModels())(
  '%s scores and draws with the same bits in WebAssembly as with the portable kernels of the addon',
  async (name) => {
    const model = resizeModel(loadModel(name), sizeOf(name));
    const { chain } = model;
    const results: unknown[] = [];
    for (const instructionSet of ['portable', 'wasm']) {
      await tf.setBackend(`native-${instructionSet}`);
      const tensors = toTensors(model.weights, chain.parameters);
      const examples = examplesOf(model);
      const scored = tf.tidy(() => chainNats(chain, tensors, examples).dataSync());
      const samples = Array.from({ length: examples.image.shape[0] }, (_, sample) => sample);
      tf.dispose(tensors);
      disposeExamples(examples);
      const settings = { temperature: 1 };
      const sampler = new FrameSampler(model);
      const drawn = await sampler.draw(examplesOf(model), { seed: 1, samples, frame: 0, settings });
      sampler.dispose();
      results.push({
        scored: scored.join(),
        drawn: drawn.map(({ levels, nats }) => ({ levels: levels.join(), nats })),
      });
    }
    expect(results[1]).toEqual(results[0]);
  },
);
