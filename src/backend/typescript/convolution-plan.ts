import type { ConvolutionShape } from '../convolution-shape.js';
import { paddedImage, type PaddedImage } from './padded-image.js';
import { TILE } from './tile.js';

/** Four (or, at the end of a range, fewer) target features that read the same source features. */
export interface Panel {
  /** First target feature, and how many there are. */
  first: number;
  width: number;
  /** Where in the plan's lists its taps begin: offset in the padded source, in values, and features read, of each. */
  tapsAt: number;
  /** For each tap: the weight that its first source feature has for the panel's first target feature. */
  weights: Int32Array;
  /** Where the panel's packed weights start. */
  packedAt: number;
}

/** Target pixels that are read with the same taps. A convolution has one phase; its input gradient stride x stride. */
export interface Phase {
  /** Where in the plan's lists its target pixels begin: where the tap (0, 0) of each lies in the padded source, in values. */
  sourceAt: number;
  /** The same, and where the first feature of each lies in the target image, in values. */
  targetAt: number;
  pixels: number;
  panels: Panel[];
}

/** A convolution or its input gradient as products of packed weights with pixels of a padded source. */
export interface ConvolutionPlan {
  source: PaddedImage;
  targetLength: number;
  targetFeatures: number;
  phases: Phase[];
  /** Pixels and taps: see ProductMemory.multiplyTaps and storeSums. */
  lists: Int32Array;
  packedLength: number;
  /** Distance, in the weights, from one source feature to the next and from one target feature to the next. */
  sourceStride: number;
  targetStride: number;
}

/** A tap as the plan sees it: where it reads relative to the target pixel, and from which source feature to which. */
interface PlanTap {
  dy: number;
  dx: number;
  position: number;
  first: number;
  end: number;
}

/** Target features [first, end) that share their taps. */
interface Range {
  first: number;
  end: number;
  taps: PlanTap[];
}

/** A grid of target pixels: pixel (row, column) is at target (y + step * row, x + step * column). */
interface Grid {
  y: number;
  x: number;
  step: number;
  /** Source pixels from one of its pixels to the next. */
  sourceStep: number;
  ranges: Range[];
}

const forwardPlans = new WeakMap<ConvolutionShape, ConvolutionPlan>();
const inputGradientPlans = new WeakMap<ConvolutionShape, ConvolutionPlan>();

/** The plan of `convolution`, made once a shape. */
export function forwardPlan(shape: ConvolutionShape): ConvolutionPlan {
  let plan = forwardPlans.get(shape);
  if (!plan) forwardPlans.set(shape, (plan = makeForwardPlan(shape)));
  return plan;
}

/** The plan of `convolutionInputGradient`, made once a shape. */
export function inputGradientPlan(shape: ConvolutionShape): ConvolutionPlan {
  let plan = inputGradientPlans.get(shape);
  if (!plan) inputGradientPlans.set(shape, (plan = makeInputGradientPlan(shape)));
  return plan;
}

function makeForwardPlan(shape: ConvolutionShape): ConvolutionPlan {
  const ends = groupEnds(shape);
  const ranges = shape.groups.map((size, g) => ({
    first: ends[g] - size,
    end: ends[g],
    taps: shape.taps.map(({ dy, dx, position, sees }) => ({ dy, dx, position, first: 0, end: sees[g] })),
  }));
  return makePlan(
    { height: shape.inHeight, width: shape.inWidth, features: shape.inFeatures },
    { height: shape.outHeight, width: shape.outWidth, features: shape.outFeatures },
    [{ y: 0, x: 0, step: 1, sourceStep: shape.stride, ranges }],
    { tap: shape.inFeatures * shape.outFeatures, source: shape.outFeatures, target: 1 },
  );
}

/**
 * dx[y, x, k] = sum over taps t and over outputs o that see k of dy[(y - t.dy) / stride, (x - t.dx) / stride, o] w[t, k, o],
 * where both divisions are exact: which taps take part depends on (y mod stride, x mod stride), the phase.
 */
function makeInputGradientPlan(shape: ConvolutionShape): ConvolutionPlan {
  const { stride } = shape;
  const ends = groupEnds(shape);
  const cuts = new Set([0, shape.inFeatures, ...shape.taps.flatMap(({ sees }) => sees)]);
  const bounds = [...cuts].filter((cut) => cut <= shape.inFeatures).sort((a, b) => a - b);
  const grids: Grid[] = [];
  for (let y = 0; y < Math.min(stride, shape.inHeight); y++)
    for (let x = 0; x < Math.min(stride, shape.inWidth); x++) {
      const taps = shape.taps.filter(({ dy, dx }) => (y - dy) % stride === 0 && (x - dx) % stride === 0);
      const ranges = bounds.slice(1).map((end, i) => ({
        first: bounds[i],
        end,
        taps: taps.map(({ dy, dx, position, sees }) => {
          const group = sees.findIndex((seen) => seen >= end);
          const first = group < 0 ? shape.outFeatures : ends[group] - shape.groups[group];
          return { dy: (y - dy) / stride, dx: (x - dx) / stride, position, first, end: shape.outFeatures };
        }),
      }));
      grids.push({ y, x, step: stride, sourceStep: 1, ranges });
    }
  return makePlan(
    { height: shape.outHeight, width: shape.outWidth, features: shape.outFeatures },
    { height: shape.inHeight, width: shape.inWidth, features: shape.inFeatures },
    grids,
    { tap: shape.inFeatures * shape.outFeatures, source: 1, target: shape.outFeatures },
  );
}

/** For each output group: one past its last output. */
export function groupEnds({ groups }: ConvolutionShape): number[] {
  let end = 0;
  return groups.map((size) => (end += size));
}

interface Image {
  height: number;
  width: number;
  features: number;
}

function makePlan(
  source: Image,
  target: Image,
  grids: Grid[],
  strides: { tap: number; source: number; target: number },
): ConvolutionPlan {
  const rows = reach(grids, target.height, (grid) => grid.y, (tap) => tap.dy); // prettier-ignore
  const columns = reach(grids, target.width, (grid) => grid.x, (tap) => tap.dx); // prettier-ignore
  const padded = paddedImage(source, rows, columns);
  const at = (y: number, x: number): number => (y * padded.paddedWidth + x) * padded.features;

  let packedLength = 0;
  const lists: number[] = [];
  const phases = grids.map(({ y, x, step, sourceStep, ranges }) => {
    const height = Math.ceil((target.height - y) / step);
    const width = Math.ceil((target.width - x) / step);
    const grid = Array.from({ length: height * width }, (_, pixel) => [Math.floor(pixel / width), pixel % width]);
    const phase: Phase = { sourceAt: lists.length, targetAt: 0, pixels: grid.length, panels: [] };
    for (const [row, column] of grid) lists.push(at(row * sourceStep + padded.top, column * sourceStep + padded.left));
    while ((lists.length - phase.sourceAt) % TILE > 0) lists.push(lists[lists.length - 1]);
    phase.targetAt = lists.length;
    for (const [row, column] of grid)
      lists.push(((y + step * row) * target.width + x + step * column) * target.features);
    for (const range of ranges) {
      const taps = range.taps.filter((tap) => tap.end > tap.first);
      const depth = taps.reduce((sum, tap) => sum + tap.end - tap.first, 0);
      for (let first = range.first; first < range.end; first += TILE) {
        phase.panels.push({
          first,
          width: Math.min(TILE, range.end - first),
          tapsAt: lists.length,
          weights: Int32Array.from(
            taps.map((tap) => tap.position * strides.tap + tap.first * strides.source + first * strides.target),
          ),
          packedAt: packedLength,
        });
        for (const tap of taps) lists.push(at(tap.dy, tap.dx) + tap.first, tap.end - tap.first);
        packedLength += depth * TILE;
      }
    }
    return phase;
  });
  const targetLength = target.height * target.width * target.features;
  return {
    source: padded,
    targetLength,
    targetFeatures: target.features,
    phases,
    lists: Int32Array.from(lists),
    packedLength,
    sourceStride: strides.source,
    targetStride: strides.target,
  };
}

/** First and last source row (or column) that any tap of any target pixel reads. */
function reach(
  grids: Grid[],
  length: number,
  start: (grid: Grid) => number,
  offset: (tap: PlanTap) => number,
): [number, number] {
  let first = 0;
  let last = 0;
  for (const grid of grids) {
    const lastPixel = Math.ceil((length - start(grid)) / grid.step) - 1;
    for (const { taps } of grid.ranges)
      for (const tap of taps) {
        first = Math.min(first, offset(tap));
        last = Math.max(last, offset(tap) + lastPixel * grid.sourceStep);
      }
  }
  return [first, last];
}
