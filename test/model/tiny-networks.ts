import type { Channels } from '../../src/frame.js';
import { initialiseParameters } from '../../src/backend/parameters.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { ExampleBuffer, contextLength, frameBytes, type Examples } from '../../src/model/examples.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import type { Network } from '../../src/model/network.js';
import { networks } from '../../src/model/presets.js';
import { randomFloats, randomInts } from '../random.js';

export const softmax: HeadDescription = { type: 'softmax' };
export const sigmoid: HeadDescription = { type: 'sigmoid' };
export const mixture: HeadDescription = { type: 'logistic-mixture', components: 2, meanScale: 16 };

/** A network of a few thousand weights, higher than wide: a colour network with a mixture, given two frames. */
export function tinyNetwork(changes: Partial<NetworkDescription> = {}): NetworkDescription {
  return {
    size: { width: 5, height: 7 },
    channels: 3,
    levels: 256,
    first: { kernel: 7, features: 12 },
    layers: [
      { type: 'pixel-cnn-block', hidden: 6 },
      { type: 'pixel-cnn-block', hidden: 6 },
    ],
    output: [12],
    head: mixture,
    conditioning: { type: 'previous-frames', context: 2, features: 4 },
    ...changes,
  };
}

const manyLevels: [string, NetworkDescription][] = ([1, 3] satisfies Channels[]).flatMap((channels) => {
  const name = channels === 1 ? 'grey 5x7' : 'RGB 5x7';
  // Sixteen levels keep the softmax small.
  const levelsOf = (head: HeadDescription) => ({ head, levels: head === softmax ? 16 : 256 });
  return [
    ...[softmax, mixture].flatMap((head) =>
      [true, false].map((conditional): [string, NetworkDescription] => [
        `${name}, ${head.type}, ${conditional ? 'given two frames' : 'unconditional'}`,
        tinyNetwork({ channels, ...levelsOf(head), ...(!conditional && { conditioning: null }) }),
      ]),
    ),
    ...(['row-lstm', 'diagonal-bilstm'] as const).map((type): [string, NetworkDescription] => [
      `${name}, ${type}`,
      tinyNetwork({
        channels,
        layers: [
          { type, hidden: 6, initialState: 'zero' },
          { type, hidden: 6, initialState: 'learned' },
        ],
      }),
    ]),
  ];
});

const binary: [string, NetworkDescription][] = (['pixel-cnn', 'diagonal-bilstm'] as const).map((name) => [
  `grey 5x7 of 2 levels, ${name}, sigmoid, unconditional`,
  tinyNetwork({
    channels: 1,
    levels: 2,
    head: sigmoid,
    conditioning: null,
    layers: [networks[name](6), networks[name](6)],
  }),
]);

/**
 * Every combination of colours, conditioning and heads of many levels, the recurrent layers, and binary images, each with
 * a name for a test's title.
 */
export const tinyNetworks = [...manyLevels, ...binary];

/** First weights twice as large as a training starts from, so that what is seen shows in what comes out. */
export function randomWeights({ parameters }: Network, seed: number): Float32Array[] {
  const first = initialiseParameters(parameters, BigInt(seed));
  return parameters.map(({ name }, index) => {
    // States outside the image start from zero, which would hide them.
    if (name.endsWith('.initial')) return randomFloats(first[index].length, seed + index);
    return first[index].map((value) => 2 * value);
  });
}

/** Frames one after another, each of random bytes that lie near those of the others. */
export function randomFrames(description: NetworkDescription, count: number, seed: number): Uint8Array {
  const bytes = frameBytes(description);
  const base = randomInts(bytes, 216, seed);
  const changes = randomInts(count * bytes, 40, seed + 1_000_000);
  return Uint8Array.from(changes, (change, at) => base[at % bytes] + change);
}

/** Random images with a context of random frames; the first lacks one frame of it where there are two. */
export function randomExamples(description: NetworkDescription, batch: number, seed: number): Examples {
  const buffer = new ExampleBuffer(description, batch);
  const context = contextLength(description);
  for (let example = 0; example < batch; example++) {
    const frames = example === 0 ? Math.max(1, context) : context + 1;
    buffer.add(randomFrames(description, frames, seed + example), frames, false);
  }
  return buffer.tensors();
}
