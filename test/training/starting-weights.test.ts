import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { buildChain, type Chain } from '../../src/model/chain.js';
import { saveModel } from '../../src/model/checkpoint.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { ExampleBuffer } from '../../src/model/examples.js';
import { toTensors } from '../../src/model/weights.js';
import { startingWeights } from '../../src/training/starting-weights.js';
import { chainNats } from '../model/chain-nats.js';
import '../backend/implementations.js';
import {
  mixture,
  randomFrames,
  randomModel,
  softmax,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend('native-wasm'));

let saved = 0;
function fileOf(scales: NetworkDescription[]) {
  const model = randomModel(scales);
  const path = join(folder.path, `${saved++}.safetensors`);
  saveModel(path, model);
  return { path, ...model };
}
const chainOf = (scales: NetworkDescription[]) => buildChain({ version: 1, scales });

/** Of each sub-pixel of every scale. */
function nats(chain: Chain, weights: readonly Float32Array[]): Float32Array {
  const { exampleShape } = chain;
  const frames = exampleShape.context + 1;
  const buffer = new ExampleBuffer(exampleShape, 1);
  buffer.add(randomFrames(exampleShape, frames, 1), frames, false);
  return tf.tidy(() => chainNats(chain, toTensors(weights, chain.parameters), buffer.tensors()).dataSync<'float32'>());
}

const apart = (components: number) => ({ head: { ...mixture, components } });
const together = (components: number) => ({ head: { ...mixture, components, colours: 'together' as const } });

test('are those of a model of the same networks', () => {
  const { path, chain, weights } = fileOf(tinyChain());
  expect(startingWeights(path, chain)).toEqual(weights);
});

// One component has no weights to choose by, and linear terms of 0 move no mean.
test('of colours together have the likelihood of the colours apart that they are from, if there is one component', () => {
  const before = fileOf(tinyChain(apart(1)));
  const after = chainOf(tinyChain(together(1)));
  expect(nats(after, startingWeights(before.path, after))).toEqual(nats(before.chain, before.weights));
});

test("of colours together have the likelihood of the colours apart that they are from in each pixel's first colour", () => {
  const before = fileOf(tinyChain(apart(3)));
  const after = chainOf(tinyChain(together(3)));
  const [reached, expected] = [nats(after, startingWeights(before.path, after)), nats(before.chain, before.weights)];
  const first = (values: Float32Array) => values.filter((_, at) => at % 3 === 0);
  expect(first(reached)).toEqual(first(expected));
  expect(reached).not.toEqual(expected);
});

test('of templates and local regression have the likelihood of the network without that they are from', () => {
  const scales = (templates: object) => [
    tinyNetwork({ levels: 32, head: { ...mixture, meanScale: 4 }, conditioning: [{ ...warpedFrames, ...templates }] }),
  ];
  const before = fileOf(scales({}));
  const after = chainOf(scales({ templateMatching: 2 }));
  expect(nats(after, startingWeights(before.path, after))).toEqual(nats(before.chain, before.weights));
  const regressed = chainOf(scales({ templateMatching: 2, localRegression: true }));
  const matched = fileOf(scales({ templateMatching: 2 }));
  expect(nats(regressed, startingWeights(matched.path, regressed))).toEqual(nats(matched.chain, matched.weights));
  expect(nats(regressed, startingWeights(before.path, regressed))).toEqual(nats(before.chain, before.weights));
  const [from, to] = [fileOf(scales({ templateMatching: 2 })), chainOf(scales({}))];
  expect(() => startingWeights(from.path, to)).toThrow(/received one with more parameters/);
});

test.each([
  ['regressed on one frame, for one regressed on two', { templateMatching: 1, localRegression: true }, 2],
  ['looked for in one frame, for one regressed on two', { templateMatching: 1 }, 2],
  ['looked for in two frames, for one regressed on one', { templateMatching: 2 }, 1],
])('a model %s is refused: other inputs stand where its own did', (_, from, references) => {
  const scales = (changes: object) => [tinyNetwork({ conditioning: [{ ...warpedFrames, ...changes }] })];
  const { path } = fileOf(scales(from));
  const to = chainOf(scales({ templateMatching: references, localRegression: true }));
  expect(() => startingWeights(path, to)).toThrow(/expected a model of the same networks/);
});

test.each([
  ['with other components', apart(3), together(2)],
  ['whose colours are together already, for colours apart', together(2), apart(2)],
  ['with another head', { head: softmax }, together(2)],
  ['with other layers', { ...apart(2), layers: [] }, together(2)],
])('a model %s is refused', (_, from, to) => {
  const { path } = fileOf([tinyNetwork(from)]);
  expect(() => startingWeights(path, chainOf([tinyNetwork(to)]))).toThrow(/expected a model of the same networks/);
});
