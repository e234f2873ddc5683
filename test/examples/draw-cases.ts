import type { Model } from '../../src/model/model.js';
import { expectsFrame, type NetworkDescription } from '../../src/model/description.js';
import type { FrameSettings, SamplingSettings } from '../../src/model/sampling-settings.js';
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
  settings?: Partial<FrameSettings>;
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
    settings: { temperature: 0.7 },
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
    title: 'RGB, colours apart, colder',
    model: randomModel([tinyNetwork({ ...small, head: mixture })]),
    settings: { temperature: 0.5 },
  },
  {
    title: 'RGB, colours together',
    model: randomModel([tinyNetwork({ ...small, head: mixtureTogether })]),
  },
  {
    title: 'RGB, colours together, colder',
    model: randomModel([tinyNetwork({ ...small, head: mixtureTogether })]),
    settings: { temperature: 0.5 },
  },
  {
    title: 'RGB of 5 levels, colours together, hotter',
    model: randomModel([tinyNetwork({ ...small, levels: 5, head: { ...mixtureTogether, meanScale: 2 } })]),
    settings: { temperature: 1.6 },
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
    settings: { temperature: 0.8 },
  },
];

const head = { ...mixtureTogether, meanScale: 4 };
const matchedFrames = { ...warpedFrames, blockMatching: true, templateMatching: 1 };
const ofFrames = { ...light, channels: 1, levels: 32, head: { ...mixture, meanScale: 4 } } as const;
const movingNetwork = tinyNetwork({ ...small, levels: 32, head, conditioning: [warpedFrames] });
export const movingModel = randomModel([movingNetwork]);
/** One whose motion is looked for by block matching, too. */
export const matchedModel = randomModel([{ ...movingNetwork, conditioning: [{ ...matchedFrames, context: 3 }] }]);
const regressed = { ...matchedFrames, context: 3, templateMatching: 2, localRegression: true };
const followed = { ...matchedFrames, context: 6, trajectory: 5 };
const videos: [string, Model][] = [
  ['frames that move', movingModel],
  ['frames that move, whose motion is looked for', matchedModel],
  ['frames that move, on which errors are regressed', randomModel([{ ...movingNetwork, conditioning: [regressed] }])],
  ['frames that move along trajectories', randomModel([{ ...movingNetwork, conditioning: [followed] }])],
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
  drawing: SamplingSettings;
}

export const futures = videos.flatMap(([title, model]): FutureCase[] => {
  const asDrawn = { temperature: 0.95, warming: 0, carry: 1 };
  const carriedOn = { temperature: 0.7, warming: 0.1, carry: 0.25 };
  const all = expectsFrame(model)
    ? [
        { count: 1, drawing: carriedOn },
        { count: 3, drawing: carriedOn },
        // Beyond the warmest.
        { count: 6, horizon: 5, drawing: { ...carriedOn, warming: 0.12 } },
        { count: 3, drawing: asDrawn },
      ]
    : [
        { count: 1, drawing: asDrawn },
        { count: 3, drawing: { ...asDrawn, warming: 0.1 } },
      ];
  return all.map((one) => ({ title: `${title}: ${JSON.stringify(one)}`, horizon: 3, model, ...one }));
});

/**
 * A model that expects the mean of a pixel and its right neighbour in the last frame, so that half of the levels are
 * ties, with more red and less green, so that these leave the range.
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
