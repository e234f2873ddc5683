import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { templateInput } from '../../src/backend/template-input.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { testKernel } from './kernel-suite.js';

type Numbers = KernelNumbers<'templateInput'>;

const cases = [
  { name: 'one grey pixel', size: [1, 1, 1], channels: 1, references: 1, sought: null },
  { name: 'colour, all sought', size: [2, 5, 7], channels: 3, references: 2, sought: null },
  { name: 'grey, one of three not sought', size: [3, 4, 3], channels: 1, references: 3, sought: [1, 0, 1] },
  { name: 'more pixels than a thread takes', size: [2, 31, 37], channels: 3, references: 1, sought: [0, 1] },
].map(({ name, size: [batch, height, width], channels, references, sought }) => {
  const numbers: Numbers = { batch, height, width, channels, references, gain: 0.0625 };
  const pixels = batch * height * width;
  const features = 2 * channels + 3;
  // Levels, then costs from 0 to 1.
  const found = randomFloats(pixels * references * features, 1).map((value, at) =>
    at % features > 2 * channels ? (value + 1) / 2 : 127 * (value + 1),
  );
  const anchor = randomFloats(pixels * channels, 2).map((value) => 127 * (value + 1));
  return { name, numbers, inputs: { found, anchor, sought: sought && Float32Array.from(sought) } };
});

/** Pixel by pixel, from the definition. */
function reference(
  { batch, height, width, channels, references, gain }: Numbers,
  { found, anchor, sought }: Record<'found' | 'anchor', ArrayLike<number>> & { sought: ArrayLike<number> | null },
): number[] {
  const features = 2 * channels + 3;
  return Array.from({ length: batch * height * width * references * features }, (_, at) => {
    const pixel = Math.floor(at / features / references);
    const feature = at % features;
    const cost = at - feature + 2 * channels + 1;
    if (sought?.[Math.floor(pixel / height / width)] === 0) return at === cost ? 1 : 0;
    if (feature > 2 * channels) return found[at];
    const level = feature < 2 * channels ? anchor[pixel * channels + (feature % channels)] : 0;
    return (found[at] - level) * gain * (1 - found[cost]) ** 2;
  });
}

testKernel('templateInput', {
  tolerance: 3e-7,
  cases,
  reference: (numbers, inputs) => ({ out: reference(numbers, inputs) }),
  tensors: (numbers, { found, anchor, sought }) => ({ out: templateInput(numbers, found, anchor, sought) }),
  expects: ['found', 'anchor'],
  sameBits: 'all',
});

const gradients = cases.map(({ name, numbers, inputs }) => {
  const read = Float32Array.from(reference(numbers, inputs));
  return { name, numbers, inputs: { read, dOut: randomFloats(read.length, 3) }, given: inputs };
});

/** The sum over references and both pictures: what is read falls by gain * fits as the anchor grows. */
function gradient(numbers: Numbers, read: ArrayLike<number>, dOut: ArrayLike<number>): number[] {
  const { batch, height, width, channels, references, gain } = numbers;
  const features = 2 * channels + 3;
  const sums = new Array<number>(batch * height * width * channels).fill(0);
  for (let at = 0; at < read.length; at++) {
    const feature = at % features;
    if (feature >= 2 * channels) continue;
    const fit = 1 - read[at - feature + 2 * channels + 1];
    sums[Math.floor(at / features / references) * channels + (feature % channels)] -= gain * fit * fit * dOut[at];
  }
  return sums;
}

testKernel('templateInputGradient', {
  tolerance: 3e-7,
  cases: gradients,
  reference: (numbers, { read, dOut }) => ({ dAnchor: gradient(numbers, read, dOut) }),
  tensors(numbers, { read, dOut }) {
    // Whatever was read, the gradient is that of an anchor beside features with these costs.
    const anchor = tf.zeros([numbers.batch, numbers.height, numbers.width, numbers.channels]);
    const value = (x: tf.Tensor) => templateInput(numbers, read, x as Tensor4D, null);
    return { dAnchor: tf.grad(value)(anchor, dOut) };
  },
  sameBits: 'all',
});

test.each(gradients)(
  'the reference gradient of $name equals finite differences',
  ({ name, numbers, inputs, given }) => {
    checkGradient({
      name,
      value: (anchor) =>
        reference(numbers, { ...given, anchor }).reduce((sum, value, at) => sum + value * inputs.dOut[at], 0),
      x: given.anchor,
      gradient: Float64Array.from(gradient(numbers, inputs.read, inputs.dOut)),
    });
  },
);
