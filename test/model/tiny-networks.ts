import * as tf from '@tensorflow/tfjs-core';
import { headKernels } from '../../src/backend/kernels/heads.js';
import type { ConditioningDescription } from '../../src/conditioning/index.js';
import type { Channels, Size } from '../../src/foundation/frame.js';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { inputRequirements } from '../../src/conditioning/index.js';
import { describeConditioning, framesConditionings, type FramesConditioning } from '../../src/conditioning/presets.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { buildChain } from '../../src/model/chain.js';
import type { Model } from '../../src/model/model.js';
import { frameBytes, bytesToLevels, type Levels } from '../../src/foundation/levels.js';
import { ExampleBuffer, type Examples, type ExampleShape } from '../../src/conditioning/context/examples.js';
import { getHead, heads, type HeadDescription } from '../../src/model/heads/index.js';
import type { Network } from '../../src/model/network.js';
import { describeModel, networks, type NetworkName } from '../../src/model/presets.js';
import { randomFloats, randomInts } from '../random.js';

export const softmax = { type: 'softmax' } as const satisfies HeadDescription;
export const sigmoid = { type: 'sigmoid' } as const satisfies HeadDescription;
export const mixture = { type: 'logistic-mixture', components: 2, meanScale: 16 } as const satisfies HeadDescription;
export const mixtureTogether = { ...mixture, components: 3, colours: 'together' } as const satisfies HeadDescription;

const previousFrames = { type: 'previous-frames', context: 2, features: 4 } as const satisfies ConditioningDescription;
export const warpedFrames = {
  type: 'warped-frames',
  context: 2,
  features: 4,
  flows: 2,
} as const satisfies ConditioningDescription;
/** Given the 3x4 image of the scale before, for a network of 5x7. */
const lowResolutionImage: ConditioningDescription = {
  type: 'low-resolution-image',
  factor: 2,
  features: 4,
  shared: 'known',
};

const tinySize = { width: 5, height: 7 };

/** What networks run at besides their own size: one pixel, one row, one column, and odd sides that are halved twice. */
export const otherSizes: Size[] = [
  { width: 1, height: 1 },
  { width: 5, height: 1 },
  { width: 1, height: 5 },
  { width: 7, height: 3 },
];

export function sizeName({ width, height }: Size): string {
  return `${width}x${height}`;
}

/** A network of a few thousand weights, higher than wide: a colour network with a mixture, given two frames. */
export function tinyNetwork(changes: Partial<NetworkDescription> = {}): NetworkDescription {
  return {
    size: tinySize,
    channels: 3,
    levels: 256,
    first: { kernel: 7, features: 12 },
    layers: [
      { type: 'pixel-cnn-block', hidden: 6 },
      { type: 'pixel-cnn-block', hidden: 6 },
    ],
    skips: false,
    output: [12],
    head: mixture,
    conditioning: [previousFrames],
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
        tinyNetwork({ channels, ...levelsOf(head), ...(!conditional && { conditioning: [] }) }),
      ]),
    ),
    [
      `${name}, softmax, given a small image`,
      tinyNetwork({ channels, ...levelsOf(softmax), conditioning: [lowResolutionImage] }),
    ],
    [
      `${name}, logistic-mixture with skip connections, given a small image and two frames`,
      tinyNetwork({ channels, skips: true, conditioning: [lowResolutionImage, previousFrames] }),
    ],
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
    conditioning: [],
    layers: [networks[name](6, 'zero'), networks[name](6, 'learned')],
  }),
]);

const together: [string, NetworkDescription][] = [
  ['RGB 5x7, colours together, given two frames', tinyNetwork({ head: mixtureTogether })],
  [
    'RGB 5x7 of 5 levels, diagonal-bilstm, colours together, unconditional',
    tinyNetwork({
      levels: 5,
      head: { ...mixtureTogether, meanScale: 2 },
      conditioning: [],
      layers: [networks['diagonal-bilstm'](6, 'learned')],
    }),
  ],
];

/** Colour images whose last frames move, as video is predicted; of so few levels that no pixel is far from another. */
const moving: [string, NetworkDescription][] = [
  [
    'RGB 5x7 of 32 levels, colours together, given two frames that move',
    tinyNetwork({ levels: 32, head: { ...mixtureTogether, meanScale: 4 }, conditioning: [warpedFrames] }),
  ],
];

const preset = { size: tinySize, channels: 3, levels: 5, hidden: 6, layers: 2, head: 'softmax', context: 0 } as const;

/** Each kind of layer that there is, and each head, as a preset has it: a new one is tested by being there. */
const everyLayer = (Object.keys(networks) as NetworkName[]).map((name): [string, NetworkDescription] => [
  `RGB 5x7 of 5 levels, ${name} as it is trained`,
  describeModel(name, { ...preset, initialState: 'learned' }).scales[0],
]);
const everyHead = (Object.keys(heads) as HeadDescription['type'][]).map((head): [string, NetworkDescription] => {
  const levels = Math.min(5, headKernels[head].maxLevels);
  return [`RGB 5x7, ${head} as it is trained`, describeModel('pixel-cnn', { ...preset, levels, head }).scales[0]];
});

/**
 * Every combination of colours, conditioning and heads of many levels, the recurrent layers, binary images, and colours
 * that choose a component together, each with a name for a test's title.
 */
export const tinyNetworks = [...manyLevels, ...binary, ...together, ...moving, ...everyLayer, ...everyHead];

/** Of one layer, 4x5, of as few levels. */
function smallNetwork(changes: Partial<NetworkDescription>): NetworkDescription {
  return tinyNetwork({
    size: { width: 4, height: 5 },
    levels: 32,
    head: { ...mixture, meanScale: 4 },
    first: { kernel: 5, features: 9 },
    layers: [{ type: 'pixel-cnn-block', hidden: 6 }],
    output: [],
    ...changes,
  });
}

/** Each conditioning on frames with contexts of one, two and four, grey and with colours apart and together. */
export const framedNetworks: [string, NetworkDescription][] = [
  // Each that there is, as a preset has it: a new one is tested by being there.
  ...(Object.keys(framesConditionings) as FramesConditioning[]).map((name): [string, NetworkDescription] => [
    `RGB 4x5, ${name} as it is trained`,
    smallNetwork({
      conditioning: describeConditioning({ context: 2, frames: name }).map((one) => ({ ...one, features: 4 })),
    }),
  ]),
  ...[1, 4].map((context): [string, NetworkDescription] => [
    `RGB 4x5, previous-frames of ${context}`,
    smallNetwork({ conditioning: [{ ...previousFrames, context }] }),
  ]),
  ...[1, 2, 4].flatMap((context) => {
    const conditioning = [{ ...warpedFrames, context }];
    const head = { ...mixtureTogether, meanScale: 4 };
    return [
      [`grey 4x5, warped-frames of ${context}`, smallNetwork({ channels: 1, conditioning })],
      [`RGB 4x5, colours apart, warped-frames of ${context}`, smallNetwork({ conditioning })],
      [`RGB 4x5, colours together, warped-frames of ${context}`, smallNetwork({ head, conditioning })],
    ] satisfies [string, NetworkDescription][];
  }),
  ...[1, 3].map((context): [string, NetworkDescription] => [
    `RGB 5x7, warped-frames of ${context} that may stand still, down to an eighth`,
    smallNetwork({ size: tinySize, conditioning: [{ ...warpedFrames, context, still: true, halvings: 3 }] }),
  ]),
  [
    'RGB 4x5, warped-frames of 2 with block matching',
    smallNetwork({ conditioning: [{ ...warpedFrames, context: 2, blockMatching: true }] }),
  ],
  [
    'grey 4x5, warped-frames of 4 with block matching that may stand still',
    smallNetwork({ channels: 1, conditioning: [{ ...warpedFrames, context: 4, still: true, blockMatching: true }] }),
  ],
  [
    'RGB 5x7, warped-frames of 3 with block matching',
    smallNetwork({ size: tinySize, conditioning: [{ ...warpedFrames, context: 3, blockMatching: true }] }),
  ],
  [
    'RGB 5x7, warped-frames of 4 with block matching along three pairs',
    smallNetwork({
      size: tinySize,
      conditioning: [{ ...warpedFrames, context: 4, blockMatching: true, trajectory: 3 }],
    }),
  ],
  [
    'grey 5x7, warped-frames of 2 with block matching along three pairs, with a GRU over 4',
    smallNetwork({
      channels: 1,
      size: tinySize,
      conditioning: [
        { ...warpedFrames, context: 2, blockMatching: true, trajectory: 3, gru: { context: 4, features: 4 } },
      ],
    }),
  ],
  [
    'RGB 4x5, warped-frames of 2, with a GRU over 3',
    smallNetwork({ conditioning: [{ ...warpedFrames, gru: { context: 3, features: 6 } }] }),
  ],
  [
    'grey 5x7, warped-frames of 1, with a GRU over 4, looked for in the last and regressed on it, down to an eighth',
    smallNetwork({
      channels: 1,
      size: tinySize,
      conditioning: [
        {
          ...warpedFrames,
          context: 1,
          gru: { context: 4, features: 4 },
          templateMatching: 1,
          localRegression: true,
          halvings: 3,
        },
      ],
    }),
  ],
  [
    'RGB 4x5, warped-frames of 3, looked for in two of them',
    smallNetwork({
      head: { ...mixtureTogether, meanScale: 4 },
      conditioning: [{ ...warpedFrames, context: 3, templateMatching: 2 }],
    }),
  ],
  [
    'RGB 5x7 of 16 levels, softmax, given a small image and two frames, looked for in both',
    smallNetwork({
      size: tinySize,
      levels: 16,
      head: softmax,
      conditioning: [lowResolutionImage, { ...warpedFrames, templateMatching: 2 }],
    }),
  ],
  [
    'grey 5x7, warped-frames of 2, looked for in the last',
    smallNetwork({
      channels: 1,
      size: tinySize,
      conditioning: [{ ...warpedFrames, context: 2, templateMatching: 1 }],
    }),
  ],
  [
    'RGB 4x5, warped-frames of 3, looked for in two of them and regressed on them',
    smallNetwork({
      head: { ...mixtureTogether, meanScale: 4 },
      conditioning: [{ ...warpedFrames, context: 3, templateMatching: 2, localRegression: true }],
    }),
  ],
  [
    'grey 5x7, warped-frames of 2, looked for in the last and regressed on it',
    smallNetwork({
      channels: 1,
      size: tinySize,
      conditioning: [{ ...warpedFrames, templateMatching: 1, localRegression: true }],
    }),
  ],
  [
    'RGB 5x7, given a small image and two frames that move',
    smallNetwork({ size: tinySize, conditioning: [lowResolutionImage, warpedFrames] }),
  ],
];

/** First weights twice as large as a training starts from, so that what is seen shows in what comes out. */
export function randomWeights({ parameters }: Pick<Network, 'parameters'>, seed: number): Float32Array[] {
  const first = initialiseParameters(parameters, BigInt(seed));
  return parameters.map(({ name }, index) => {
    // States outside the image start from zero, which would hide them.
    if (name.endsWith('.initial')) return randomFloats(first[index].length, seed + index);
    // One candidate starts far above the others, which would hide them.
    if (name.endsWith('.motion.bias')) return randomFloats(first[index].length, seed + index).map((value) => value / 2);
    // In random pictures what is found lies far off, and would drive means beyond all levels.
    if (name.endsWith('head.matched.weights')) return first[index].map((value) => value / 8);
    return first[index].map((value) => 2 * value);
  });
}

/** Frames one after another, each of random bytes that lie near those of the others. */
export function randomFrames(
  description: Pick<ExampleShape, 'size' | 'channels'>,
  count: number,
  seed: number,
): Uint8Array {
  const bytes = frameBytes(description);
  const base = randomInts(bytes, 216, seed);
  const changes = randomInts(count * bytes, 40, seed + 1_000_000);
  return Uint8Array.from(changes, (change, at) => base[at % bytes] + change);
}

/** A chain of these networks, the coarsest first, with random weights. */
export function randomModel(scales: NetworkDescription[], seed = 1): Model {
  const description = { version: 1, scales } as const;
  const chain = buildChain(description);
  return {
    name: 'random',
    description,
    chain,
    weights: randomWeights(chain, seed),
    step: 0,
    frameRate: null,
    drawing: null,
    origin: null,
  };
}

/** Two scales, of 3x4 and 5x7 pixels, alike but for what they are given. */
export function tinyChain(changes: Partial<NetworkDescription> = {}): NetworkDescription[] {
  const { conditioning } = tinyNetwork(changes);
  return [
    tinyNetwork({ ...changes, size: { width: 3, height: 4 } }),
    tinyNetwork({ ...changes, conditioning: [lowResolutionImage, ...conditioning] }),
  ];
}

/** The same, but the finer scale predicts the pixels of the coarser one again. */
export function tinyBound(changes: Partial<NetworkDescription> = {}): NetworkDescription[] {
  return tinyChain(changes).map((network) => ({
    ...network,
    conditioning: network.conditioning.map((given) =>
      given.type === 'low-resolution-image' ? { ...given, shared: 'predicted' } : given,
    ),
  }));
}

/** Three scales of grey images, of 2x2, 3x4 and 5x7 pixels. */
function tinyChainOfThree(): NetworkDescription[] {
  const [coarse, ...finer] = tinyChain({ channels: 1, conditioning: [] });
  return [{ ...coarse, size: { width: 2, height: 2 } }, { ...coarse, conditioning: [lowResolutionImage] }, ...finer];
}

/** Random frames, in levels. */
function framesOf(description: NetworkDescription, count: number, seed: number): Levels[] {
  const bytes = randomFrames(description, count, seed);
  return Array.from({ length: count }, (_, at) => bytesToLevels(description, bytes, (at * bytes.length) / count));
}

/**
 * Random images of a network with what it is given: a context of random frames (the first lacks one of them where there
 * are two, and the second a known one where there are four), a strength of noise that is told though nothing is
 * disturbed, and a small image of its own. Of the second nothing is looked for by templates.
 */
export function randomExamples(description: NetworkDescription, batch: number, seed: number): Examples {
  const { context, coarser: given } = inputRequirements(description.conditioning);
  const { width, height } = description.size;
  const buffer = new ExampleBuffer({ ...description, context }, batch);
  for (let example = 0; example < batch; example++) {
    const frames = example === 0 && context > 1 ? context : context + 1;
    const levels = framesOf(description, frames, seed + example);
    const known = { frames: framesOf(description, context > 3 ? context - 1 : context, seed + 900), expected: 2 };
    const followed = example === 1 && context > 1;
    buffer.addAfter({ frames: levels.slice(0, -1), known: followed ? known : null }, levels[frames - 1], example !== 1);
    buffer.augment(() => 3 + 2 * example);
  }
  const examples = buffer.tensors();
  if (given === null) return examples;
  const { channels, levels } = description;
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / given.factor));
  const small = Float32Array.from(randomInts(batch * rows * columns * channels, levels, seed + 500));
  const lowResolutionImage: tf.Tensor4D = tf.tensor4d(small, [batch, rows, columns, channels]);
  return { ...examples, conditioningInputs: { ...examples.conditioningInputs, coarser: lowResolutionImage } };
}

/** Every tiny network that is a model of its own, and chains of two scales. */
export const tinyModels: [string, NetworkDescription[]][] = [
  ...tinyNetworks
    .filter(([, network]) => inputRequirements(network.conditioning).coarser === null)
    .map(([name, network]): [string, NetworkDescription[]] => [name, [network]]),
  ['RGB 3x4 then 5x7, softmax', tinyChain({ head: softmax, levels: 16, conditioning: [] })],
  ['grey 3x4 then 5x7, logistic-mixture, given two frames', tinyChain({ channels: 1 })],
  ['RGB 3x4 then 5x7, two frames that move', tinyChain({ conditioning: [warpedFrames] })],
  ['grey 2x2, 3x4 and 5x7', tinyChainOfThree()],
];

/** Those of `tinyModels` whose nats are -log of probabilities that are drawn from. */
export const likelihoodModels = tinyModels.filter(([, scales]) =>
  scales.every(({ head }) => getHead(head).isLikelihood),
);
