import * as tf from '@tensorflow/tfjs-core';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countSubPixels, downsampleExamples, selectScaleParameters } from '../../src/model/chain.js';
import { loadModel, saveModel } from '../../src/model/checkpoint.js';
import { toTensors, type Model } from '../../src/model/model.js';
import { inputRequirements } from '../../src/conditioning/index.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { ExampleBuffer } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { runConditioning, runNetwork } from '../../src/model/network.js';
import { writeSafetensors } from '../../src/model/safetensors.js';
import type { NamedArray } from '../../src/model/safetensors-format.js';
import { chainNats } from '../model/chain-nats.js';
import { kernelSets } from '../backend/implementations.js';
import {
  framedNetworks,
  randomFrames,
  randomModel,
  sigmoid,
  softmax,
  tinyChain,
  tinyNetwork,
  tinyNetworks,
} from '../model/tiny-networks.js';
import { randomFloats } from '../random.js';
import { temporaryFolder } from '../video/made-clips.js';
import { describeWithPytorch, run } from './python.js';

const lowResolution = { type: 'low-resolution-image', factor: 2, features: 4, shared: 'predicted' } as const;
const previousFrames = { type: 'previous-frames', context: 1, features: 3 } as const;

/** A network by itself, or after a scale that makes the small image that it is given. */
function chainOf(network: NetworkDescription): NetworkDescription[] {
  if (inputRequirements(network.conditioning).coarser === null) return [network];
  return [{ ...network, size: { width: 3, height: 4 }, conditioning: [] }, network];
}

/** What the tiny networks leave out: other sizes, kernels, groups, contexts and factors, and mixed layers. */
const others: [string, NetworkDescription[]][] = [
  ['a chain of two scales', tinyChain()],
  ['a chain of two scales, grey, softmax of 16 levels', tinyChain({ channels: 1, levels: 16, head: softmax })],
  [
    'a chain of three scales, predicted, factors 3 and 2, contexts 0, 3 and 1, and no two scales alike',
    [
      tinyNetwork({ size: { width: 2, height: 2 }, levels: 7, layers: [], skips: true, output: [], conditioning: [] }),
      tinyNetwork({
        size: { width: 5, height: 4 },
        levels: 7,
        head: softmax,
        skips: true,
        layers: [
          { type: 'diagonal-bilstm', hidden: 5, initialState: 'learned' },
          { type: 'pixel-cnn-block', hidden: 7 },
          { type: 'row-lstm', hidden: 4, initialState: 'zero' },
        ],
        conditioning: [
          { ...previousFrames, context: 3 },
          { ...lowResolution, factor: 3 },
        ],
      }),
      tinyNetwork({
        size: { width: 10, height: 8 },
        levels: 7,
        first: { kernel: 3, features: 10 },
        output: [5, 9],
        conditioning: [lowResolution, previousFrames],
      }),
    ],
  ],
  [
    'groups of whole sixteens and of uneven features, in all layers',
    [
      tinyNetwork({
        size: { width: 6, height: 5 },
        first: { kernel: 5, features: 64 },
        output: [80, 32],
        layers: [
          { type: 'pixel-cnn-block', hidden: 20 },
          { type: 'row-lstm', hidden: 20, initialState: 'learned' },
          { type: 'diagonal-bilstm', hidden: 64, initialState: 'learned' },
        ],
      }),
    ],
  ],
  [
    'RGB of 2 levels, sigmoid, a first kernel of 1, one previous frame',
    [tinyNetwork({ levels: 2, head: sigmoid, first: { kernel: 1, features: 6 }, conditioning: [previousFrames] })],
  ],
  [
    'a single column, recurrent, given one frame',
    [
      tinyNetwork({
        size: { width: 1, height: 2 },
        layers: [
          { type: 'row-lstm', hidden: 3, initialState: 'learned' },
          { type: 'diagonal-bilstm', hidden: 3, initialState: 'learned' },
        ],
        conditioning: [previousFrames],
      }),
    ],
  ],
  [
    'a mixture of one logistic on 5 levels',
    [tinyNetwork({ levels: 5, head: { type: 'logistic-mixture', components: 1, meanScale: 16 } })],
  ],
];

interface Case {
  title: string;
  model: Model;
  /** Clips of bytes, [batch, frames, height, width, channels], one for each number of frames; the last is the image. */
  clips: Uint8Array[][];
}

/** Scales of the mixture from the least to the largest, and levels far out in the tails. */
function extremeModel(): Model {
  const model = randomModel([tinyNetwork()]);
  const bias = model.chain.parameters.findIndex((parameter) => parameter.name.endsWith('head.bias'));
  model.weights[bias] = randomFloats(model.weights[bias].length, 1).map((value) => 10 * value);
  return model;
}

const cases: Case[] = [
  ...[...tinyNetworks, ...framedNetworks].map(([title, network]): [string, Model] => [
    title,
    randomModel(chainOf(network)),
  ]),
  ...others.map(([title, scales]): [string, Model] => [title, randomModel(scales)]),
  ['a mixture at both ends of its scales', extremeModel()] satisfies [string, Model],
  ['the model video-64', loadModel('video-64')] satisfies [string, Model],
].map(([title, model]) => {
  const { exampleShape } = model.chain;
  const batch = frameBytes(exampleShape) > 1000 ? 1 : 2;
  const clips = Array.from({ length: exampleShape.context + 1 }, (_, context) =>
    Array.from({ length: batch }, (_, example) => randomFrames(exampleShape, context + 1, 10 * context + example)),
  );
  return { title, model, clips };
});

/** The logits of every scale, then the nats of every scale, as pxv computes them. */
function outputs({ chain, weights }: Pick<Model, 'chain' | 'weights'>, clips: readonly Uint8Array[]): Float32Array {
  const buffer = new ExampleBuffer(chain.exampleShape, clips.length);
  const count = clips[0].length / frameBytes(chain.exampleShape);
  for (const clip of clips) buffer.add(clip, count, false);
  const tensors = toTensors(weights, chain.parameters);
  const values = tf.tidy(() => {
    const examples = buffer.tensors();
    const logits = chain.scales.map((network, scale) => {
      const own = selectScaleParameters(chain, scale, tensors);
      const { image, conditioningInputs } = downsampleExamples(chain, scale, examples);
      return runNetwork(network, own, image, runConditioning(network, own, conditioningInputs));
    });
    const nats = chain.scales.map((_, scale) => chainNats(chain, tensors, examples, [scale]));
    return tf.concat([...logits, ...nats].map((tensor) => tf.reshape(tensor, [-1]))).dataSync<'float32'>();
  });
  tf.dispose(tensors);
  return values;
}

interface PythonOutputs {
  values: Float32Array;
  /** How far each may be off because pxv computes in float32. */
  rounding: Float32Array;
}

/** The largest difference beyond rounding, relative to values above 1. */
function difference(received: Float32Array, { values, rounding }: PythonOutputs): number {
  expect([received.length, rounding.length]).toEqual([values.length, values.length]);
  return values.reduce((most, value, at) => {
    const beyond = Math.abs(received[at] - value) - rounding[at];
    return Math.max(most, beyond / Math.max(1, Math.abs(value)));
  }, 0);
}

const folder = temporaryFolder();
afterAll(folder.remove);
const stem = (index: number) => join(folder.path, String(index));

describeWithPytorch('what examples/pytorch computes in PyTorch', compareAll);

function compareAll(program: string): void {
  beforeAll(async () => {
    await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
    for (const [index, { model, clips }] of cases.entries()) {
      const { size, channels } = model.chain.exampleShape;
      saveModel(`${stem(index)}.safetensors`, model);
      const arrays = clips.map((batch, context): [string, NamedArray] => [
        String(context),
        {
          shape: [batch.length, context + 1, size.height, size.width, channels],
          data: Float32Array.from(Buffer.concat(batch)),
        },
      ]);
      writeSafetensors(`${stem(index)}.clips.safetensors`, { arrays: new Map(arrays), metadata: {} });
    }
    const script = join(import.meta.dirname, 'pytorch_outputs.py');
    const { status, stderr } = run(program, [script, ...cases.map((_, index) => stem(index))]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  const floats = (path: string) => new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
  const pythonOutputs = (index: number, context: number): PythonOutputs => ({
    values: floats(`${stem(index)}.${context}.f32`),
    rounding: floats(`${stem(index)}.${context}.rounding.f32`),
  });

  const titled = cases.map(({ title, ...rest }, index) => ({ title, index, ...rest }));

  test.each(titled)(
    'are the logits and nats of pxv, with any number of frames given: $title',
    ({ index, model, clips }) => {
      for (const [context, batch] of clips.entries())
        expect(difference(outputs(model, batch), pythonOutputs(index, context))).toBeLessThan(1e-4);
    },
  );

  // Of the shipped model the same would take minutes.
  test.each(titled.filter(({ model }) => model.step === 0))(
    'differs where any one array does: $title',
    ({ index, model, clips }) => {
      const last = clips.length - 1;
      const expected = pythonOutputs(index, last);
      const unnoticed = model.chain.parameters.filter((_, changed) => {
        const weights = model.weights.map((array, at) => (at === changed ? array.map((value) => value + 0.5) : array));
        return !(difference(outputs({ ...model, weights }, clips[last]), expected) > 1e-3);
      });
      expect(unnoticed.map((parameter) => parameter.name)).toEqual([]);
    },
  );

  test('as a command it prints the bits/dim of a clip', () => {
    const model = randomModel(tinyChain());
    const { exampleShape } = model.chain;
    const bytes = randomFrames(exampleShape, 4, 5);
    saveModel(`${stem(-1)}.safetensors`, model);
    writeNpy(`${stem(-1)}.npy`, [4, exampleShape.size.height, exampleShape.size.width, exampleShape.channels], bytes);
    const nats = [2, 3, 4].map((count) => {
      const all = outputs(model, [bytes.subarray(0, count * frameBytes(exampleShape))]);
      const subPixels = model.chain.scales.reduce((sum, { description }) => sum + frameBytes(description), 0);
      return all.subarray(all.length - subPixels).reduce((sum, value) => sum + value, 0);
    });
    const bits = (nats[0] + nats[1] + nats[2]) / Math.LN2 / (3 * countSubPixels(model.chain));
    const { stdout } = run(program, ['examples/pytorch/pxv_torch.py', `${stem(-1)}.safetensors`, `${stem(-1)}.npy`]);
    expect(stdout).toMatch(/^\d+\.\d{4} bits\/dim\n$/);
    expect(Number.parseFloat(stdout)).toBeCloseTo(bits, 3);
  });
}

/** Writes an array of bytes as NumPy does. */
function writeNpy(path: string, shape: readonly number[], data: Uint8Array): void {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117) + '\n';
  writeFileSync(path, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), Buffer.from(header), data]));
}
