import { conditioningOf } from '../../src/conditioning/index.js';
import type { Model } from '../../src/model/checkpoint.js';
import type { NetworkDescription } from '../../src/model/description.js';
import type { EngineSettings } from '../../src/sampling/engine.js';
import type { FutureSettings } from '../../src/sampling/future-settings.js';
import {
  mixture,
  mixtureTogether,
  randomModel,
  sigmoid,
  softmax,
  tinyBound,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';

/** Of few weights, since the network runs over the whole image for each sub-pixel. */
export const light = {
  first: { kernel: 3, features: 9 },
  layers: [{ type: 'pixel-cnn-block', hidden: 6 }],
  output: [],
} satisfies Partial<NetworkDescription>;
const small = { ...light, size: { width: 3, height: 4 }, conditioning: [] } satisfies Partial<NetworkDescription>;

/** An image to draw. */
export interface ImageCase {
  title: string;
  model: Model;
  settings?: Partial<EngineSettings>;
  seed?: bigint;
}

export const images: ImageCase[] = [
  {
    title: 'grey, softmax',
    model: randomModel([tinyNetwork({ ...small, channels: 1, levels: 16, head: softmax })]),
  },
  {
    title: 'RGB, softmax, nearer to the likeliest',
    model: randomModel([tinyNetwork({ ...small, levels: 16, head: softmax })]),
    settings: { temperature: 0.7, topP: 0.8 },
  },
  {
    title: 'RGB, softmax, hotter, of a seed of 64 bits',
    model: randomModel([tinyNetwork({ ...small, levels: 16, head: softmax })]),
    settings: { temperature: 1.7 },
    seed: 0xfedcba98_76543210n,
  },
  {
    title: 'grey of two levels, sigmoid',
    model: randomModel([tinyNetwork({ ...small, channels: 1, levels: 2, head: sigmoid })]),
    settings: { temperature: 0.3 },
  },
  {
    title: 'RGB, colours apart, the mode',
    model: randomModel([tinyNetwork({ ...small, head: mixture })]),
    settings: { temperature: 0 },
  },
  {
    title: 'RGB, colours apart, colder components',
    model: randomModel([tinyNetwork({ ...small, head: mixture })]),
    settings: { componentTemperature: 0.5, topP: 0.9 },
  },
  {
    title: 'RGB, colours together',
    model: randomModel([tinyNetwork({ ...small, head: mixtureTogether })]),
  },
  {
    title: 'RGB, colours together, colder components',
    model: randomModel([tinyNetwork({ ...small, head: mixtureTogether })]),
    settings: { componentTemperature: 0.5 },
  },
  {
    title: 'RGB of 5 levels, colours together, hotter components, all settings at once',
    model: randomModel([tinyNetwork({ ...small, levels: 5, head: { ...mixtureTogether, meanScale: 2 } })]),
    settings: { componentTemperature: 1.6, temperature: 0.8, topP: 0.85 },
  },
  {
    title: 'RGB, layers of all kinds, each of a hidden size of its own',
    model: randomModel([
      tinyNetwork({
        ...small,
        layers: [
          { type: 'row-lstm', hidden: 4, initialState: 'learned' },
          { type: 'pixel-cnn-block', hidden: 6 },
          { type: 'diagonal-bilstm', hidden: 5, initialState: 'zero' },
        ],
      }),
    ]),
  },
  {
    title: 'a chain, shared pixels known',
    model: randomModel(tinyChain({ ...light, channels: 1, head: softmax, levels: 16, conditioning: [] })),
  },
  {
    title: 'a chain, shared pixels predicted',
    model: randomModel(tinyBound({ ...light, channels: 1, conditioning: [] })),
    settings: { componentTemperature: 0.8 },
  },
];

const head = { ...mixtureTogether, meanScale: 4 };
const matchedFrames = { ...warpedFrames, blockMatching: true, templateMatching: 1 };
const ofFrames = { ...light, channels: 1, levels: 32, head: { ...mixture, meanScale: 4 } } as const;
const movingNetwork = tinyNetwork({ ...small, levels: 32, head, conditioning: [warpedFrames] });
export const movingModel = randomModel([movingNetwork]);
/** One whose motion is looked for by block matching, too. */
export const matchedModel = randomModel([{ ...movingNetwork, conditioning: [{ ...matchedFrames, context: 3 }] }]);
const regressed = { ...matchedFrames, context: 3, templateMatching: 2, localRegression: true, mirrored: true };
const videos: [string, Model][] = [
  ['frames that move', movingModel],
  ['frames that move, whose motion is looked for', matchedModel],
  ['frames that move, on which errors are regressed', randomModel([{ ...movingNetwork, conditioning: [regressed] }])],
  ['frames that move, with blocks on their map', randomModel([{ ...movingNetwork, mapBlocks: 2 }])],
  ['two scales, given frames', randomModel(tinyChain(ofFrames))],
  ['two scales, given frames that move', randomModel(tinyChain({ ...ofFrames, conditioning: [warpedFrames] }))],
];

/** Futures to draw. */
export interface FutureCase {
  title: string;
  model: Model;
  /** How many frames are known. */
  count: number;
  horizon: number;
  settings: FutureSettings;
}

export const futures = videos.flatMap(([title, model]): FutureCase[] => {
  const isTold = model.description.scales.some(({ conditioning }) =>
    conditioning.some((one) => conditioningOf(one).tellsNoise),
  );
  const plain = { temperature: 1, topP: 0.95 };
  const asDrawn = { ...plain, carry: 1, componentTemperature: 0.95, componentWarming: 0, noise: 0 };
  const carriedOn = { ...plain, carry: 0.25, componentTemperature: 0.7, componentWarming: 0.1, noise: 6 };
  const all = [
    { count: 1, settings: isTold ? carriedOn : asDrawn },
    { count: 3, settings: isTold ? carriedOn : asDrawn },
    // By the cumulative function.
    { count: 3, settings: { ...(isTold ? carriedOn : asDrawn), topP: 1 } },
    // Beyond the warmest.
    ...(isTold ? [{ count: 6, horizon: 5, settings: { ...carriedOn, componentWarming: 0.12 } }] : []),
    ...(isTold ? [{ count: 3, settings: { ...asDrawn, noise: 6 } }] : []),
  ];
  return all.map((one) => ({ title: `${title}: ${JSON.stringify(one)}`, horizon: 3, model, ...one }));
});

/**
 * A model that expects the mean of a pixel and its right neighbour in the last frame, so that half of the levels are ties,
 * with more red and less green, so that these leave the range.
 */
export function betweenPixels(model: Model): Model {
  const { context, flows } = warpedFrames;
  const candidates = context * flows;
  const weights = model.chain.parameters.map(({ name }, index) => {
    const zeros = model.weights[index].slice().fill(0);
    if (name.endsWith('.residual.bias')) return Float32Array.of(6, -6, 0);
    if (!name.endsWith('.motion.bias')) return zeros;
    // Half a pixel to the right, and the other frames at logits that leave them no weight.
    zeros.fill(1 / 8, candidates, 2 * candidates);
    zeros.fill(-1000, 2 * candidates, 3 * candidates - flows);
    return zeros;
  });
  return { ...model, weights };
}
