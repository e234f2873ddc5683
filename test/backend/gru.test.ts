import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { gruStep } from '../../src/backend/gru.js';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { randomFloats } from '../random.js';
import { testKernel, type ReferenceInputs } from './kernel-suite.js';

type GruNumbers = KernelNumbers<'gruStep'>;

const CASES: { name: string; numbers: GruNumbers }[] = [
  { name: 'one pixel, one feature', numbers: { batch: 1, height: 1, width: 1, features: 1 } },
  { name: 'fewer features than a vector has lanes', numbers: { batch: 2, height: 3, width: 5, features: 6 } },
  { name: 'more features than a vector has lanes', numbers: { batch: 1, height: 2, width: 3, features: 37 } },
  { name: 'more pixels than one task has', numbers: { batch: 3, height: 7, width: 9, features: 4 } },
];

/** Values beyond the bounds of the activations as well; every fourth pixel has its state reset. */
const cases = CASES.map(({ name, numbers }) => {
  const { batch, height, width, features } = numbers;
  const pixels = batch * height * width;
  const gates = (seed: number) => randomFloats(3 * pixels * features, seed).map((value) => 3 * value);
  const state = (seed: number) => randomFloats(pixels * features, seed);
  const exists = Float32Array.from({ length: pixels }, (_, pixel) => Number(pixel % 4 !== 1));
  const inputs = { input: gates(1), recurrent: gates(2), state: state(3), exists, dOut: state(4) };
  return { name, numbers, inputs };
});

const clip = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));

/** One step at feature `j` of a pixel, as a function of the inputs of its gates and of its state. */
function stepOf({ features }: GruNumbers, { input, recurrent, state, exists }: ReferenceInputs<'gruStep'>, at: number) {
  const pixel = Math.floor(at / features);
  const place = (gate: number) => 3 * features * pixel + gate * features + (at % features);
  const [x, u] = [input, recurrent].map((gates) => [0, 1, 2].map((gate) => gates[place(gate)]));
  const linear = (gate: number) => (x[gate] + u[gate]) / 4 + 1 / 2;
  const [z, r] = [0, 1].map((gate) => clip(linear(gate), 0, 1));
  const slope = (gate: number) => (linear(gate) >= 0 && linear(gate) <= 1 ? 1 / 4 : 0);
  const before = x[2] + r * u[2];
  return { place, u, z, r, slope, h: state[at], before, candidate: clip(before, -1, 1), exists: exists[pixel] };
}

testKernel('gruStep', {
  tolerance: 1e-6,
  cases,
  reference: (numbers, inputs) => ({
    out: Float64Array.from(inputs.state, (h: number, at: number) => {
      const { z, candidate, exists } = stepOf(numbers, inputs, at);
      return exists * (z * h + (1 - z) * candidate);
    }),
  }),
  tensors: (_, { input, recurrent, state, exists }) => ({ out: gruStep(input, recurrent, state, exists) }),
  expects: ['input', 'recurrent', 'exists'],
});

testKernel('gruStepGradient', {
  tolerance: 1e-6,
  cases,
  reference(numbers, inputs) {
    const dInput = new Float64Array(inputs.input.length);
    const dRecurrent = new Float64Array(inputs.input.length);
    const dState = new Float64Array(inputs.state.length);
    for (let at = 0; at < dState.length; at++) {
      const { place, u, z, r, slope, h, before, candidate, exists } = stepOf(numbers, inputs, at);
      const d = exists * inputs.dOut[at];
      const dBefore = Math.abs(before) <= 1 ? d * (1 - z) : 0;
      dInput[place(0)] = dRecurrent[place(0)] = slope(0) * d * (h - candidate);
      dInput[place(1)] = dRecurrent[place(1)] = slope(1) * dBefore * u[2];
      dInput[place(2)] = dBefore;
      dRecurrent[place(2)] = r * dBefore;
      dState[at] = d * z;
    }
    return { dInput, dRecurrent, dState };
  },
  tensors(_, { input, recurrent, state, exists, dOut }) {
    const gradients = tf.grads((x, u, h) => gruStep(x as never, u as never, h as never, exists));
    const [dInput, dRecurrent, dState] = gradients([input, recurrent, state], dOut);
    return { dInput, dRecurrent, dState };
  },
});
