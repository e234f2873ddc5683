import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { ProgramBuilder } from '../../src/model/program.js';
import { toTensors } from '../../src/model/model.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { kernelSets } from '../backend/implementations.js';
import { randomFloats } from '../random.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const size = { width: 3, height: 2 };

test('gates whose colour groups cannot be cut in four are refused', () => {
  const builder = new ProgramBuilder(size, 3, 1, 0);
  const gates = builder.conv(builder.image, { name: 'input', kernel: 1, features: [8, 6, 8] });
  expect(() => builder.lstm('state', gates, 'rows', false)).toThrow(
    new RangeError('state: cannot cut gates of 8, 6, 8 features into o, f, i and g'),
  );
});

test('a slot added to itself is twice the slot, and its gradient counts twice', () => {
  const run = (twice: boolean) => {
    const builder = new ProgramBuilder(size, 1, 1, 0);
    const x = builder.conv(builder.image, { name: 'x', kernel: 3, features: 4 });
    const program = builder.finish(twice ? builder.add(x, x, 0) : x);
    const weights = toTensors(initialiseParameters(program.parameters, 1n), program.parameters);
    const image: tf.Tensor4D = tf.tensor4d(randomFloats(6, 1), [1, 2, 3, 1]);
    const sum = (...all: tf.Tensor[]): tf.Scalar => tf.sum(runWholeImage(program, all, image, null));
    const { value, grads } = tf.valueAndGrads(sum)(weights);
    return [value, ...grads].map((tensor) => [...tensor.dataSync()]);
  };
  const once = run(false);
  const twice = run(true);
  twice.flat().forEach((value, at) => expect(value).toBeCloseTo(2 * once.flat()[at], 4));
});
