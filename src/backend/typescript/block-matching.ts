import { COST_OF_DISTANCE, COST_OF_MOTION, MATCHED_FEATURES, NEIGHBOURS, type BlockMatchingShape } from '../kernels.js';
import { FoundMotion } from './found-motion.js';

const foundBefore = new FoundMotion();

/** See Kernels.blockMatching. */
export function blockMatching(
  shape: BlockMatchingShape,
  batch: number,
  before: Float32Array,
  last: Float32Array,
  out: Float32Array,
): void {
  let matcher: BlockMatcher | null = null;
  const values = shape.height * shape.width * shape.channels;
  const found = MATCHED_FEATURES * shape.height * shape.width;
  for (let n = 0; n < batch; n++) {
    const [from, to] = [before, last].map((images) => images.subarray(n * values, (n + 1) * values));
    const motion = out.subarray(n * found, (n + 1) * found);
    const known = foundBefore.between(shape, from, to);
    if (known !== null) {
      motion.set(known);
      continue;
    }
    matcher ??= new BlockMatcher(shape);
    matcher.find(from, to, motion);
    foundBefore.keep(shape, from, to, motion);
  }
}

/** Rows of an image whose motion is found together, so that the sums of all motions take little memory. */
const ROWS_OF_STRIP = 32;

/** Finds motion strip by strip, each motion in turn for all pixels of the strip. */
class BlockMatcher {
  private readonly side: number;
  /** N, the terms of a sum. */
  private readonly terms: number;
  private readonly before: Int32Array;
  private readonly last: Int32Array;
  /** Of one row: differences, with those nearest inside beyond its ends. */
  private readonly differences: Int32Array;
  /** Of each row of the strip and of the margin about it: differences summed over a block's width. */
  private readonly across: Int32Array;
  /** Of each column: the rows of `across` that two blocks below each other share. */
  private readonly block: Int32Array;
  /** For each motion, S of the strip's pixels. */
  private readonly sums: Int32Array;
  private readonly least: Float64Array;
  private readonly motion: Int32Array;
  /** Of each pixel of the image: down, right, and the difference. */
  private readonly found: Float32Array;

  constructor(private readonly shape: BlockMatchingShape) {
    const { height, width, channels, reach, margin } = shape;
    this.side = 2 * reach + 1;
    this.terms = channels * (2 * margin + 1) ** 2;
    this.before = new Int32Array(height * width * channels);
    this.last = new Int32Array(height * width * channels);
    this.differences = new Int32Array(width + 2 * margin);
    this.across = new Int32Array((ROWS_OF_STRIP + 2 * margin) * width);
    this.block = new Int32Array(width);
    this.sums = new Int32Array(this.side ** 2 * ROWS_OF_STRIP * width);
    this.least = new Float64Array(ROWS_OF_STRIP * width);
    this.motion = new Int32Array(ROWS_OF_STRIP * width);
    this.found = new Float32Array(3 * height * width);
  }

  /** @param out [height, width, MATCHED_FEATURES] */
  find(before: Float32Array, last: Float32Array, out: Float32Array): void {
    const { height, width } = this.shape;
    // A sum in float32, as in the other sets.
    const rounded = (level: number) => Math.trunc(Math.fround(level + 0.5));
    for (let i = 0; i < last.length; i++) {
      this.before[i] = rounded(before[i]);
      this.last[i] = rounded(last[i]);
    }
    for (let first = 0; first < height; first += ROWS_OF_STRIP) {
      const rows = Math.min(ROWS_OF_STRIP, height - first);
      this.least.fill(Infinity);
      this.motion.fill(0);
      for (let d = 0; d < this.side ** 2; d++) this.tryMotion(d, first, rows);
      for (let at = 0; at < rows * width; at++) this.finish(at, 3 * (first * width + at));
    }
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) this.tell(y, x, out);
  }

  private tryMotion(d: number, first: number, rows: number): void {
    const { height, width, reach, margin } = this.shape;
    const { across, block, sums, least, motion } = this;
    const [down, right] = [Math.floor(d / this.side) - reach, (d % this.side) - reach];
    for (let row = -margin; row < rows + margin; row++)
      this.sumAcross(within(first + row, height), down, right, (row + margin) * width);
    const distance = Math.abs(down) + Math.abs(right);
    const extra = distance === 0 ? 0 : this.terms * (COST_OF_MOTION + COST_OF_DISTANCE * distance);
    const base = d * ROWS_OF_STRIP * width;
    const below = 2 * margin * width;
    block.fill(0);
    for (let at = 0; at < below; at++) block[at % width] += across[at];
    for (let at = 0, column = 0; at < rows * width; at++) {
      const sum = block[column] + across[at + below];
      block[column] = sum - across[at];
      column = column + 1 === width ? 0 : column + 1;
      sums[base + at] = sum;
      if (sum + extra >= least[at]) continue;
      least[at] = sum + extra;
      motion[at] = d;
    }
  }

  /** Differences of an image's row to where it came from, summed over a block's width. */
  private sumAcross(row: number, down: number, right: number, to: number): void {
    const { height, width, channels, margin } = this.shape;
    const { before, last, differences, across } = this;
    const [own, from] = [row * width, within(row + down, height) * width];
    for (let column = 0; column < width; column++) {
      const [a, b] = [(own + column) * channels, (from + within(column + right, width)) * channels];
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += Math.abs(last[a + c] - before[b + c]);
      differences[column + margin] = sum;
    }
    differences.fill(differences[margin], 0, margin);
    differences.fill(differences[margin + width - 1], margin + width);
    let sum = 0;
    for (let k = 0; k < 2 * margin; k++) sum += differences[k];
    for (let column = 0; column < width; column++) {
      sum += differences[column + 2 * margin];
      across[to + column] = sum;
      sum -= differences[column];
    }
  }

  private finish(at: number, to: number): void {
    const { side, motion, terms, found } = this;
    const { width, reach } = this.shape;
    const d = motion[at];
    const [down, right] = [Math.floor(d / side), d % side];
    const sum = (motion: number) => this.sums[motion * ROWS_OF_STRIP * width + at];
    const fraction = (along: number, step: number): number => {
      if (along === 0 || along === side - 1 || sum(d) === 0) return 0;
      const [smaller, larger] = [sum(d - step), sum(d + step)];
      const bend = smaller - 2 * sum(d) + larger;
      return bend > 0 ? Math.fround(Math.min(Math.max((0.5 * (smaller - larger)) / bend, -0.5), 0.5)) : 0;
    };
    found[to] = down - reach + fraction(down, side);
    found[to + 1] = right - reach + fraction(right, 1);
    found[to + 2] = sum(d) / terms;
  }

  /** Writes what a pixel is told. */
  private tell(y: number, x: number, out: Float32Array): void {
    const { height, width } = this.shape;
    const [found, to] = [this.found, (y * width + x) * MATCHED_FEATURES];
    for (const [k, [down, right]] of NEIGHBOURS.entries()) {
      const from = 3 * (within(y + down, height) * width + within(x + right, width));
      out[to + k] = found[from];
      out[to + NEIGHBOURS.length + k] = found[from + 1];
    }
    out[to + MATCHED_FEATURES - 1] = found[3 * (y * width + x) + 2];
  }
}

function within(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}
