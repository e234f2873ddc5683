import { z } from 'zod';
import { DIFFERENCE_GAIN } from '../conditioning/context/context-tensors.js';
import {
  conditionings,
  countAnchors,
  hasLearnedAnchor,
  inputRequirements,
  type ConditioningDescription,
} from '../conditioning/index.js';
import { headKernels } from '../backend/kernels/heads.js';
import { getHead, heads, type HeadDescription } from './heads/index.js';
import { layers, type LayerDescription } from './layers/index.js';

const side = z.int().min(1).max(4096);
const features = z.int().min(1).max(16384);
/** Maximum number of layers; a built network has about 100 times the bytes of its description. */
const MAX_LAYERS = 1000;
const isOdd = (kernel: number) => kernel % 2 === 1;

/** Schema of a network's description; parsing puts its keys into the schema's order. */
export const networkSchema = z
  .strictObject({
    /** Size of the images in pixels, each side 1 to 4096. */
    size: z.strictObject({ width: side, height: side }),
    /** Number of channels, 1: gray, 3: red, green, blue. */
    channels: z.union([z.literal(1), z.literal(3)]),
    /** Number of levels of a sub-pixel, 2 to 256. */
    levels: z.int().min(2).max(256),
    /** First layer, a masked convolution: height and width of its kernel; number of features, 2h. */
    first: z.strictObject({ kernel: z.int().min(1).max(31).refine(isOdd, 'must be odd'), features }),
    /** Layers after the first, in order: at most 1000. */
    layers: z.array(z.discriminatedUnion('type', schemas<LayerDescription>(layers))).max(MAX_LAYERS),
    /** True if every layer reaches the output through its own 1x1 convolution; false if only the last layer does. */
    skips: z.boolean(),
    /** Number of features of each 1x1 layer between the layers and the head. */
    output: z.array(features).max(MAX_LAYERS),
    /** Head, which turns the last features into probabilities of levels. */
    head: z.discriminatedUnion('type', schemas<HeadDescription>(heads)),
    /** Conditionings, at most one of each type and one with anchors; empty: the network is unconditional. */
    conditioning: z.array(z.discriminatedUnion('type', schemas<ConditioningDescription>(conditionings))),
  })
  .superRefine(({ channels, levels, first, layers, output, head, conditioning }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const widths = [
      { path: ['first', 'features'], features: first.features },
      ...layers.map(({ hidden }, index) => ({ path: ['layers', index, 'hidden'], features: hidden })),
      ...output.map((features, index) => ({ path: ['output', index], features })),
    ];
    for (const { path, features } of widths)
      if (features < channels) refuse(path, `fewer features than the ${channels} colour channels`);
    const { maxLevels } = headKernels[head.type];
    if (levels > maxLevels) refuse(['levels'], `the head '${head.type}' takes ${maxLevels} at most`);
    for (const [index, given] of conditioning.entries()) {
      const before = conditioning.slice(0, index);
      const isSecond = before.some(({ type }) => type === given.type);
      if (isSecond) refuse(['conditioning', index], `a second ${given.type}`);
      // Components and inputs count the anchors of all conditionings; training has a loss on the first anchor.
      else if (countAnchors([given]) > 0 && countAnchors(before) > 0)
        refuse(['conditioning', index], 'a second conditioning with anchors');
    }
  });

/** Description of a network, complete except for the weights; part of every checkpoint. @interface */
export type NetworkDescription = z.infer<typeof networkSchema>;

/**
 * Description of a model in checkpoints and configuration files: a chain of networks from the coarsest scale to the
 * finest (1601.06759, section 3.6). Each network after the first reads the image of the coarser scale. A single network
 * is a chain of one.
 */
export interface ModelDescription {
  /** Version of this format. */
  version: 1;
  /** Networks, one for each scale, the coarsest first: 1 to 8. */
  scales: NetworkDescription[];
}

/**
 * Schema of a model description. The first scale reads no coarser scale; each other scale has exactly one conditioning
 * that does. A coarser scale has the size of the next finer one divided by the factor between them, rounded up. All
 * scales have the same channels and levels.
 */
export const modelSchema: z.ZodType<ModelDescription> = z
  .strictObject({
    version: z.literal(1),
    // Without a scale, nothing below can be asked.
    scales: z.array(networkSchema).min(1, { abort: true }).max(8, { abort: true }),
  })
  .superRefine(({ scales }, context) => {
    scales.forEach((network, scale) => {
      const message = misfit(network, scales[scale - 1]);
      if (message !== null) context.addIssue({ code: 'custom', path: ['scales', scale], message });
    });
  });

/**
 * Returns the number of anchors of a sub-pixel that the head uses: those of the conditionings; without any, 1, the
 * middle level.
 */
export function anchorCount({ conditioning }: NetworkDescription): number {
  return Math.max(1, countAnchors(conditioning));
}

/**
 * Returns the number of input features of each sub-pixel of the image: its scaled level and, if the head is anchored
 * (see `Head.anchored`), its scaled difference from each anchor. See `subPixelScale` for the scales.
 */
export function imageFeatures({ head, conditioning }: NetworkDescription): number {
  return 1 + (getHead(head).anchored ? countAnchors(conditioning) : 0);
}

/**
 * Returns the constants that scale a sub-pixel's input features, in float32: (level - middle) / middle and, for each
 * anchor, (level - anchor) * gain. `middle` is (levels - 1) / 2, `gain` 8 / middle.
 */
export function subPixelScale({ levels }: Pick<NetworkDescription, 'levels'>): { middle: number; gain: number } {
  const middle = (levels - 1) / 2;
  return { middle, gain: Math.fround(DIFFERENCE_GAIN / middle) };
}

/**
 * Returns the factor, down and across, by which each scale is subsampled from the finest scale, the coarsest scale
 * first.
 */
export function scaleSteps(scales: readonly NetworkDescription[]): number[] {
  let next = 1;
  const steps = scales.toReversed().map(({ conditioning }) => {
    const step = next;
    next *= inputRequirements(conditioning).coarser?.factor ?? 1;
    return step;
  });
  return steps.reverse();
}

/** Returns true if a model reads context frames at some scale. */
export function readsFrames({ scales }: Pick<ModelDescription, 'scales'>): boolean {
  return scales.some(({ conditioning }) => inputRequirements(conditioning).context > 0);
}

/**
 * Returns true if a model predicts the expected frame before any of its pixels: if it has one scale, whose first anchor
 * is learned. The model can then predict at several strides, and predict expected frames one after another.
 */
export function predictsFrame({ scales }: Pick<ModelDescription, 'scales'>): boolean {
  return expectsFrame({ description: { version: 1, scales } }) && scales.length === 1;
}

/** Returns true if a model predicts an expected frame: the first anchor is learned at every scale. */
export function expectsFrame({ description }: { description: ModelDescription }): boolean {
  return description.scales.every(({ conditioning }) => hasLearnedAnchor(conditioning));
}

/** Returns the reason why a scale does not fit the coarser one (undefined: there is none); null if it fits. */
function misfit(network: NetworkDescription, coarser: NetworkDescription | undefined): string | null {
  const { coarser: given } = inputRequirements(network.conditioning);
  const reader = network.conditioning.find((one) => inputRequirements([one]).coarser !== null)?.type;
  if (coarser === undefined) return given === null ? null : `${reader} at the first scale, which has none before it`;
  if (given === null) return 'a scale after the first needs a conditioning on the scale before';
  const readers = network.conditioning.filter((one) => inputRequirements([one]).coarser !== null);
  if (readers.length > 1) return 'a second conditioning on the scale before';
  const { size, channels, levels } = network;
  const [width, height] = [size.width, size.height].map((side) => Math.ceil(side / given.factor));
  if (coarser.size.width !== width || coarser.size.height !== height)
    return `the scale before must be ${width}x${height}: ${size.width}x${size.height} divided by ${given.factor}`;
  const isAlike = channels === coarser.channels && levels === coarser.levels;
  return isAlike ? null : 'other channels or levels than the scale before';
}

/** Returns the schemas of a registry, with descriptions of type D, as a non-empty list for a discriminated union. */
function schemas<D>(registry: Record<string, { schema: z.core.$ZodTypeDiscriminable }>) {
  type Schema = z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  return Object.values(registry).map(({ schema }) => schema as Schema) as [Schema, ...Schema[]];
}
