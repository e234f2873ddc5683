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

/** The convolutions whose input or output is stored in bf16, by the name of their parameters. */
function stored({ ops, parameters }: Program): Record<'x' | 'out', string[]> {
  const convolutions = ops.filter((op) => op.op === 'conv');
  const named = (array: 'x' | 'out') =>
    convolutions
      .filter(({ shapeInBf16 }) => shapeInBf16.inBf16?.[array])
      .map(({ weights }) => parameters[weights].name.replace('.weights', ''));
  return { x: named('x'), out: named('out') };
}

const block = { type: 'pixel-cnn-block', hidden: 6 } as const;
const withMap = { layers: [block, block], output: [8] };

test('in a network of residual blocks all slots but the image, the map and the output are in bf16', () => {
  const { program } = buildNetwork(tinyNetwork(withMap));
  const ofBlock = (name: string) => ['down', 'map', 'wide', 'up'].map((part) => `${name}.${part}`);
  const reading = (name: string) => ofBlock(name).filter((part) => !part.endsWith('map'));
  expect(stored(program)).toEqual({
    x: [...reading('layers.0'), ...reading('layers.1'), 'output.0', 'head'],
    out: ['first.map', 'first', ...ofBlock('layers.0'), ...ofBlock('layers.1'), 'output.0'],
  });
});

test('around an LSTM the residual connection is in bf16, and so are the gates', () => {
  const layer = { type: 'row-lstm', hidden: 6, initialState: 'zero' } as const;
  const { program } = buildNetwork(tinyNetwork({ layers: [layer], output: [8] }));
  expect(stored(program)).toEqual({
    x: ['layers.0.input', 'output.0', 'head'],
    out: ['first.map', 'first', 'layers.0.map', 'layers.0.input', 'layers.0.up', 'output.0'],
  });
});

describe('a slot stays in float32, and what is added to it,', () => {
  const size = { width: 3, height: 2 };
  const settings = { kernel: 1, features: 4 };

  test.each<[string, (builder: ProgramBuilder) => Program]>([
    [
      'if another op than a convolution reads it',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const b = builder.conv(builder.image, { ...settings, name: 'b', plus: a });
        return builder.finish(builder.add(b, b, 0));
      },
    ],
    [
      'if it is the output',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const b = builder.conv(builder.image, { ...settings, name: 'b', plus: a });
        return builder.finish(builder.conv(builder.image, { ...settings, name: 'c', plus: b }));
      },
    ],
    [
      'if another one than the last op that reads it adds it, where gradients would be summed',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const b = builder.conv(builder.image, { ...settings, name: 'b', plus: a });
        const c = builder.conv(a, { ...settings, name: 'c', plus: b });
        return builder.finish(builder.conv(c, { ...settings, name: 'd' }));
      },
    ],
    [
      'if two ops add it',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const b = builder.conv(builder.image, { ...settings, name: 'b', plus: a });
        const c = builder.conv(builder.image, { ...settings, name: 'c', plus: a });
        const d = builder.conv(b, { ...settings, name: 'd', plus: c });
        return builder.finish(builder.conv(d, { ...settings, name: 'e' }));
      },
    ],
    [
      'if two LSTMs read it',
      (builder) => {
        const a = builder.conv(builder.image, { ...settings, name: 'a' });
        const [b, c] = ['b', 'c'].map((name) => builder.lstm(name, a, 'rows', false));
        return builder.finish(builder.add(b, c, 0));
      },
    ],
    [
      'if its number of features is odd',
      (builder) => {
        const a = builder.conv(builder.image, { kernel: 1, features: 3, name: 'a' });
        return builder.finish(builder.conv(a, { ...settings, name: 'b' }));
      },
    ],
  ])('%s', (_, build) => {
    expect(stored(build(new ProgramBuilder(size, 1, 1, 0)))).toEqual({ x: [], out: [] });
  });
});

const [rows, diagonals] = (['row-lstm', 'diagonal-bilstm'] as const).map((type) => ({
  layers: [{ type, hidden: 6, initialState: 'learned' } as const],
  output: [8],
}));
const networks = { 'residual blocks': withMap, 'a Row LSTM': rows, 'a Diagonal BiLSTM': diagonals };
const runs = bf16Sets.flatMap(({ instructionSet: set }) =>
  Object.entries(networks).map(([name, layers]) => ({ set, name, layers })),
);

(bf16Sets.length > 0 ? test : test.skip).each(runs)(
  'by $set outputs and gradients of $name are nearly those of arrays in float32',
  async ({ set, layers }) => {
    await tf.setBackend(`native-${set}`);
    const { program } = buildNetwork(tinyNetwork(layers));
    const inFloat32: Program = {
      ...program,
      ops: program.ops.map((op) => {
        if (op.op === 'conv') return { ...op, shapeInBf16: op.shape };
        return op.op === 'lstm' ? { ...op, shapeInBf16: op.shape } : op;
      }),
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
    received.forEach((values, at) =>
      values.forEach((value, i) =>
        expect(Math.abs(value - expected[at][i])).toBeLessThan(0.02 * (1 + Math.abs(expected[at][i]))),
      ),
    );
    expect(received).not.toEqual(expected);
  },
);
