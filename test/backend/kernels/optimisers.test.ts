import * as updates from '../../../src/backend/updates.js';
import { randomFloats } from '../../random.js';
import { testKernel } from '../kernel-suite.js';

const counts = [1, 3, 5, 16, 17, 48, 1000, 70_001];

const inputsOf = (count: number) => ({
  weights: randomFloats(count, 4),
  gradient: randomFloats(count, 1),
  scale: Float32Array.of(0.7),
  m: randomFloats(count, 2),
  v: randomFloats(count, 2).map((value) => value * value),
});

const step = 3;
const adam = { rate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const corrections = { correction1: 1 - adam.beta1 ** step, correction2: 1 - adam.beta2 ** step };

testKernel('adam', {
  tolerance: 4e-7,
  cases: counts.map((count) => ({
    name: `${count} weights`,
    numbers: { count, ...adam, ...corrections },
    inputs: inputsOf(count),
  })),
  reference({ rate, beta1, beta2, epsilon }, { weights, gradient: g, scale, m, v }) {
    const newM = Float64Array.from(m, (value, i) => beta1 * value + (1 - beta1) * g[i] * scale[0]);
    const newV = Float64Array.from(v, (value, i) => beta2 * value + (1 - beta2) * (g[i] * scale[0]) ** 2);
    const newWeights = Float64Array.from(weights, (value, i) => {
      const mean = newM[i] / (1 - Math.pow(beta1, step));
      const square = newV[i] / (1 - Math.pow(beta2, step));
      return value - (rate * mean) / (Math.sqrt(square) + epsilon);
    });
    return { newWeights, newM, newV };
  },
  tensors: updates.adam,
});

testKernel('rmsProp', {
  tolerance: 4e-7,
  cases: counts.map((count) => ({
    name: `${count} weights`,
    numbers: { count, rate: 1e-3, decay: 0.95, epsilon: 1e-8 },
    inputs: inputsOf(count),
  })),
  reference({ rate, decay, epsilon }, { weights, gradient: g, scale, v }) {
    const newV = Float64Array.from(v, (value, i) => decay * value + (1 - decay) * (g[i] * scale[0]) ** 2);
    const newWeights = Float64Array.from(
      weights,
      (value, i) => value - (rate * g[i] * scale[0]) / (Math.sqrt(newV[i]) + epsilon),
    );
    return { newWeights, newV };
  },
  tensors: updates.rmsProp,
});
