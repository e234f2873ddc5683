import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tap } from '../../src/backend/convolution-shape.js';
import { registerNativeBackend } from '../../src/backend/native-backend.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { buildNetwork, scoreNetwork, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { randomFloats } from '../random.js';
import { bf16Sets, implementations } from '../backend/implementations.js';
import { causalityBreaks } from './causality.js';
import { expectReferenceNats } from './reference-nats.js';
import { framedNetworks, mixture, randomExamples, randomWeights, tinyNetwork, tinyNetworks } from './tiny-networks.js';

const backends = implementations.flatMap(({ backend }) => backend ?? []);
for (const kernels of bf16Sets) registerNativeBackend(kernels, `native-${kernels.instructionSet}-in-bf16`);
const [fastest] = [...backends].filter((name) => name !== 'cpu').reverse();

beforeEach(() => tf.setBackend(fastest));

describe('no output depends on its own or a later sub-pixel, and each sub-pixel matters to a later one:', () => {
  test.each([...tinyNetworks, ...framedNetworks])('%s', async (_, description) => {
    const network = buildNetwork(description);
    expect(await causalityBreaks(network, randomWeights(network, 3), 4)).toEqual([]);
  });

  test('on every backend', async () => {
    const network = buildNetwork(tinyNetwork());
    for (const backend of [...backends, ...bf16Sets.map(({ instructionSet }) => `native-${instructionSet}-in-bf16`)]) {
      await tf.setBackend(backend);
      expect({ backend, breaks: await causalityBreaks(network, randomWeights(network, 3), 4) }).toEqual({
        backend,
        breaks: [],
      });
    }
  });
});

/** The network with other taps in the op that `name`'s weights belong to, and with no weight masked. */
function withTaps(network: Network, name: string, taps: (taps: readonly Tap[]) => Tap[]): Network {
  const { program } = network;
  const ops = program.ops.map((op) =>
    op.op === 'conv' && program.parameters[op.weights].name === name
      ? { ...op, shape: { ...op.shape, taps: taps(op.shape.taps) } }
      : op,
  );
  return { ...network, program: { ...program, ops } };
}

function unmaskedWeights({ parameters }: Network): Float32Array[] {
  return parameters.map(({ shape }, index) => randomFloats(tf.util.sizeFromShape([...shape]), 10 + index));
}

describe('the check of causality finds', () => {
  const colour = buildNetwork(tinyNetwork());
  const grey = buildNetwork(tinyNetwork({ channels: 1, conditioning: [] }));

  test('nothing where only weights that are masked are not zero', async () => {
    expect(await causalityBreaks(colour, unmaskedWeights(colour), 3)).toEqual([]);
  });

  test('a centre tap of the first layer through which each colour sees itself', async () => {
    const broken = withTaps(colour, 'first.weights', (taps) =>
      taps.map((tap) => (tap.dy === 0 && tap.dx === 0 ? { ...tap, sees: [2, 4, 6] } : tap)),
    );
    expect(await causalityBreaks(broken, unmaskedWeights(broken), 3)).toContain(
      '(3, 2) G changes the output of (3, 2) G',
    );
  });

  test('a 1x1 layer through which red sees green', async () => {
    const broken = withTaps(colour, 'head.weights', (taps) => taps.map((tap) => ({ ...tap, sees: [8, 8, 12] })));
    // Blue is still hidden from both.
    const breaks = await causalityBreaks(broken, unmaskedWeights(broken), 3);
    expect(breaks).toContain('(0, 0) R changes the output of (0, 0) R');
    expect(breaks.filter((line) => / B( |$)/.test(line))).toEqual([]);
  });

  test('a grey first layer with a tap at its centre', async () => {
    const broken = withTaps(grey, 'first.weights', (taps) => [...taps, { dy: 0, dx: 0, position: 24, sees: [1] }]);
    expect(await causalityBreaks(broken, unmaskedWeights(broken), 3)).toContain('(0, 0) changes the output of (0, 0)');
  });

  test('a network that sees nothing', async () => {
    const zeros = grey.parameters.map(({ shape }) => new Float32Array(tf.util.sizeFromShape([...shape])));
    expect(await causalityBreaks(grey, zeros, 3)).toContain('(0, 0) changes no output');
  });
});

test('the conditioning map reaches every output', () => {
  // Wide enough that no ReLU hides all that an output sees.
  const network = buildNetwork(tinyNetwork({ first: { kernel: 7, features: 48 }, output: [48] }));
  const { program, parameters, conditioningParameters } = network;
  const { size, map, image, out } = program;
  const plane = (features: number, seed: number) =>
    tf.tensor4d(randomFloats(size.height * size.width * features, seed), [1, size.height, size.width, features]);
  const weights = toTensors(randomWeights(network, 3), parameters).slice(conditioningParameters);
  const output = (mapSeed: number) =>
    runWholeImage(program, weights, plane(image.features, 1), plane(map!.features, mapSeed)).dataSync();
  const [before, ...after] = [2, 3, 4, 5].map(output);
  const untouched = [...before.keys()].filter((at) => after.every((values) => values[at] === before[at]));
  expect(before).toHaveLength(size.height * size.width * out.features);
  expect(untouched).toEqual([]);
});

describe('nats of each sub-pixel are those of the float64 reference', () => {
  describe.each(backends)('on %s:', (backend) => {
    test.each([...tinyNetworks, ...framedNetworks])('%s', async (_, description) => {
      await tf.setBackend(backend);
      expectReferenceNats(description);
    });
  });
});

test('without a map, and with several layers, the tape keeps no tensor of a pass', () => {
  const network = buildNetwork(tinyNetwork({ head: mixture }));
  const parameters = toTensors(randomWeights(network, 1), network.parameters);
  const step = () => {
    const examples = randomExamples(network.description, 2, 1);
    tf.tidy(() => void tf.valueAndGrads((...all) => tf.mean(scoreNetwork(network, all, examples).nats))(parameters));
    disposeExamples(examples);
  };
  const before = tf.memory().numTensors;
  step();
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose(parameters);
});
