import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { withPrecision } from '../../src/backend/precision.js';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { buildNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { ProgramBuilder, type Program } from '../../src/model/program.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { bf16Sets } from '../backend/implementations.js';
import { randomFloats } from '../random.js';
import { tinyNetwork } from './tiny-networks.js';

/** The parameters of the convolutions whose input, output or gradient is stored in bf16. */
function stored({ ops, parameters }: Program): Record<'x' | 'out' | 'dy', string[]> {
  const convolutions = ops.filter((op) => op.op === 'conv');
  const named = (array: 'x' | 'out' | 'dy') =>
    convolutions
      .filter(({ shapeInBf16 }) => shapeInBf16.inBf16?.[array])
      .map(({ weights }) => parameters[weights].name.replace('.weights', ''));
  return { x: named('x'), out: named('out'), dy: named('dy') };
}

const block = { type: 'pixel-cnn-block', hidden: 6 } as const;
const withMap = { layers: [block, block], output: [8] };

test('in a residual block both inner slots are in bf16, and gradients of what is added to them', () => {
  const { program } = buildNetwork(tinyNetwork(withMap));
  const { x, out, dy } = stored(program);
  const ofBlocks = (all: string[]) => all.filter((name) => name.startsWith('layers.'));
  expect(ofBlocks(x)).toEqual(['layers.0.wide', 'layers.0.up', 'layers.1.wide', 'layers.1.up']);
  expect(ofBlocks(out)).toEqual(['layers.0.down', 'layers.0.wide', 'layers.1.down', 'layers.1.wide']);
  expect(ofBlocks(dy)).toEqual([
    'layers.0.down',
    'layers.0.map',
    'layers.0.wide',
    'layers.1.down',
    'layers.1.map',
    'layers.1.wide',
  ]);
});

describe('a slot stays in float32', () => {
  const size = { width: 3, height: 2 };
  const settings = { kernel: 1, features: 4 };
  const none = { x: [], out: [], dy: [] };

  test.each<[string, (builder: ProgramBuilder) => Program]>([
    [
      'if it is read without a ReLU',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        return builder.finish(builder.conv(a, { ...settings, name: 'b' }));
      },
    ],
    [
      'if two ops read it',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        return builder.finish(builder.conv(a, { ...settings, name: 'b', relu: true, plus: a }));
      },
    ],
    [
      'if it is the output',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        builder.conv(a, { ...settings, name: 'b', relu: true });
        return builder.finish(a);
      },
    ],
    [
      'if what was added to it is read elsewhere, where gradients are summed',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const b = builder.conv(builder.image, { ...settings, name: 'b', plus: a });
        const c = builder.conv(b, { ...settings, name: 'c', relu: true });
        return builder.finish(builder.add(a, c, 0));
      },
    ],
    [
      'if its number of features is odd',
      (builder) => {
        const a = builder.conv(builder.image, { kernel: 1, features: 3, name: 'a' });
        return builder.finish(builder.conv(a, { ...settings, name: 'b', relu: true }));
      },
    ],
  ])('%s', (_, build) => {
    expect(stored(build(new ProgramBuilder(size, 1, 1, 0)))).toEqual(none);
  });
});

(bf16Sets.length > 0 ? test : test.skip).each(bf16Sets.map(({ instructionSet }) => instructionSet))(
  'by %s outputs and gradients of weights have the bits of arrays in float32, and gradients of biases nearly',
  async (set) => {
    await tf.setBackend(`native-${set}`);
    const { program } = buildNetwork(tinyNetwork(withMap));
    const inFloat32 = {
      ...program,
      ops: program.ops.map((op) => ('shape' in op && op.op === 'conv' ? { ...op, shapeInBf16: op.shape } : op)),
    };
    const weights = toTensors(initialiseParameters(program.parameters, 1n), program.parameters);
    const { width, height } = program.size;
    const of = (features: number, seed: number) =>
      tf.tensor4d(randomFloats(2 * height * width * features, seed), [2, height, width, features]);
    const [image, map, dy] = [program.image, program.map!, program.out].map(({ features }, at) => of(features, at + 1));
    const earlier = program.earlierFeatures && of(program.earlierFeatures.features, 9);
    const run = (one: Program) =>
      withPrecision('bf16', () => {
        const output = (...all: tf.Tensor[]) =>
          runWholeImage(one, all.slice(0, -1), image, all.at(-1) as tf.Tensor4D, { earlierFeatures: earlier });
        const gradients = tf.grads((...all) => tf.mul(output(...all), dy))([...weights, map]);
        return [output(...weights, map), ...gradients].map((tensor) => tensor.dataSync<'float32'>());
      });
    const [received, expected] = [program, inFloat32].map(run);
    const names = ['out', ...program.parameters.map(({ name }) => name), 'map'];
    const differing = names.filter((_, at) => Buffer.compare(bytesOf(received[at]), bytesOf(expected[at])) !== 0);
    expect(differing.every((name) => name.endsWith('.bias'))).toBe(true);
    received.forEach((values, at) =>
      values.forEach((value, i) =>
        expect(Math.abs(value - expected[at][i])).toBeLessThan(0.02 * (1 + Math.abs(expected[at][i]))),
      ),
    );
    expect(differing.length).toBeGreaterThan(0);
  },
);

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
