import type { Frame, Size } from '../frame.js';
import { checkSameGeometry } from './metrics.js';

/** Where each pixel of a frame came from in the frame before: how far down, and how far to the right; in pixels. */
export interface Flow extends Size {
  /** height x width */
  down: Float64Array;
  right: Float64Array;
}

/** Pixels to each side of a pixel that must have moved with it, and over which the motion found is then averaged. */
const WINDOW = 3;
/** How far a pixel may have moved, down or across, in pixels. */
const REACH = 7;
/**
 * What a motion must gain in the mean absolute difference, in levels: once for being one, and for each pixel of its
 * length. Without it, flat areas wander.
 */
const COST_OF_MOTION = 1;
const COST_OF_LENGTH = 0.1;

/** Every motion within reach, the shortest first, so that of equal ones the shortest is taken. */
const motions = Array.from({ length: (2 * REACH + 1) ** 2 }, (_, index) => {
  const [down, right] = [Math.floor(index / (2 * REACH + 1)) - REACH, (index % (2 * REACH + 1)) - REACH];
  return { down, right, length: Math.hypot(down, right) };
}).sort((a, b) => a.length - b.length);

/**
 * The motion between two frames by block matching: for each pixel the whole motion under which the window around it
 * differs least from the frame before, averaged over the window of each pixel.
 */
export function flowBetween(before: Frame, last: Frame): Flow {
  checkSameGeometry('motion', before, last);
  const { width, height } = last;
  const least = new Float64Array(width * height).fill(Infinity);
  const flow = { width, height, down: new Float64Array(width * height), right: new Float64Array(width * height) };
  for (const { down, right, length } of motions) {
    const cost = windowMean(differences(before, last, down, right), width);
    const extra = length === 0 ? 0 : COST_OF_MOTION + COST_OF_LENGTH * length;
    for (let at = 0; at < cost.length; at++) {
      if (cost[at] + extra >= least[at]) continue;
      least[at] = cost[at] + extra;
      flow.down[at] = down;
      flow.right[at] = right;
    }
  }
  return { ...flow, down: windowMean(flow.down, width), right: windowMean(flow.right, width) };
}

/**
 * The frames that follow if the motion between the last two known ones goes on in each place. Where one frame alone is
 * known, nothing moves.
 *
 * @param known oldest first, at least one
 */
export function moveOn(known: readonly Frame[], horizon: number): Frame[] {
  const last = known[known.length - 1];
  return moveBy(last, flowBetween(known[known.length - 2] ?? last, last), horizon);
}

/** A frame moved by a flow, then that one moved again, and so on, with linear interpolation between pixels. */
export function moveBy(last: Frame, flow: Flow, horizon: number): Frame[] {
  let moved: Float64Array = Float64Array.from(last.data);
  return Array.from({ length: horizon }, () => {
    moved = warp(moved, last.channels, flow);
    return { ...last, data: Uint8Array.from(moved, Math.round) };
  });
}

/** Mean absolute difference of each pixel to the one in the frame before that it came from; edge pixels reach beyond. */
function differences(before: Frame, last: Frame, down: number, right: number): Float64Array {
  const { width, height, channels } = last;
  const out = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = within(y + down, height) * width;
    for (let x = 0; x < width; x++) {
      const [from, to] = [(row + within(x + right, width)) * channels, (y * width + x) * channels];
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += Math.abs(last.data[to + c] - before.data[from + c]);
      out[y * width + x] = sum / channels;
    }
  }
  return out;
}

/** Mean over the part of the window around each place that lies inside. */
function windowMean(map: Float64Array, width: number): Float64Array {
  const height = map.length / width;
  return meanAlong(meanAlong(map, width, 1, height, width), height, width, width, 1);
}

/** Means along `lines` lines of so many values, `step` apart; the lines begin `apart` from each other. */
function meanAlong(map: Float64Array, length: number, step: number, lines: number, apart: number): Float64Array {
  const out = new Float64Array(map.length);
  const sums = new Float64Array(length + 1);
  for (let line = 0; line < lines; line++) {
    const start = line * apart;
    for (let i = 0; i < length; i++) sums[i + 1] = sums[i] + map[start + i * step];
    for (let i = 0; i < length; i++) {
      const [from, to] = [Math.max(0, i - WINDOW), Math.min(length, i + WINDOW + 1)];
      out[start + i * step] = (sums[to] - sums[from]) / (to - from);
    }
  }
  return out;
}

/** A frame's values taken from where the flow points, linear between four pixels; edge pixels reach beyond. */
function warp(data: Float64Array, channels: number, { width, height, down, right }: Flow): Float64Array {
  const out = new Float64Array(data.length);
  for (let at = 0; at < down.length; at++) {
    const [y, x] = [Math.floor(at / width) + down[at], (at % width) + right[at]];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const rows = [within(top, height), within(top + 1, height)];
    const columns = [within(left, width), within(left + 1, width)];
    for (let c = 0; c < channels; c++) {
      const value = (i: number, j: number) => data[(rows[i] * width + columns[j]) * channels + c];
      const upper = value(0, 0) + (x - left) * (value(0, 1) - value(0, 0));
      const lower = value(1, 0) + (x - left) * (value(1, 1) - value(1, 0));
      out[at * channels + c] = upper + (y - top) * (lower - upper);
    }
  }
  return out;
}

function within(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}
