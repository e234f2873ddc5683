import type { ConvOp, Program, Slot } from '../model/program.js';

/** Outputs computed side by side, in registers. */
const BLOCK = 8;

/** One convolution's share in one colour group: a matrix of weights, and where its inputs lie. */
interface GroupConvolution {
  op: ConvOp;
  /** The x and plus slots' values and the output's, height x width x features. */
  x: Float32Array;
  plus: Float32Array | null;
  out: Float32Array;
  /** First output feature of the group, and their number. */
  first: number;
  count: number;
  /** Taps that the group sees something through. */
  taps: { dy: number; dx: number; sees: number }[];
  /** Inputs that the group sees, over all taps. */
  inputs: number;
  /** For each block of outputs in turn: inputs x BLOCK, zero beyond the group. */
  weights: Float32Array;
  /** Padded to whole blocks. */
  bias: Float32Array;
}

/**
 * The second executor: runs a program sub-pixel by sub-pixel, each value computed once, as soon as it can be. All values
 * of the image at hand are kept, so that a convolution only gathers its inputs and multiplies a matrix by them.
 *
 * Sums run in the order that the contract of the convolution gives (taps, then features, one accumulator, bias, plus),
 * every product and sum rounded to float32: the bits are those of the TypeScript kernels over the whole image.
 */
export class PixelByPixel {
  /** Values of the image slot, height x width x features: the caller writes each sub-pixel once it is known. */
  readonly image: Float32Array;
  /** Values of the program's output; the part of the colour last computed is at `outputOffset`. */
  readonly outputs: Float32Array;
  private readonly values: Map<number, Float32Array>;
  /** For each colour, the convolutions in order. */
  private readonly groups: GroupConvolution[][];
  private readonly gathered: Float32Array;

  /** @param weights arrays in the order of the program's parameters; they are copied */
  constructor(
    private readonly program: Program,
    weights: readonly Float32Array[],
  ) {
    const pixels = program.size.height * program.size.width;
    this.values = new Map(program.slots.map((slot) => [slot.id, new Float32Array(pixels * slot.features)]));
    this.image = this.valuesOf(program.image);
    this.outputs = this.valuesOf(program.out);
    const ops = program.ops.filter((op) => op.out.ready === 'pixel');
    this.groups = program.image.groups.map((_, group) => ops.map((op) => this.groupConvolution(op, group, weights)));
    this.gathered = new Float32Array(Math.max(...this.groups.flat().map(({ inputs }) => inputs)));
  }

  /** Starts an image: takes over the values of the given slots (see `runGiven`). */
  begin(given: ReadonlyMap<number, Float32Array>): void {
    for (const [id, values] of given) this.values.get(id)!.set(values);
  }

  /**
   * Computes the outputs of one colour at one pixel. Everything before it, in raster order and R, G, B, must be known.
   *
   * @returns where in `outputs` they stand
   */
  compute(y: number, x: number, colour: number): number {
    for (const convolution of this.groups[colour]) this.convolve(convolution, y, x);
    const { out, size } = this.program;
    const first = out.groups.slice(0, colour).reduce((sum, count) => sum + count, 0);
    return (y * size.width + x) * out.features + first;
  }

  private convolve(convolution: GroupConvolution, y: number, x: number): void {
    const { op, plus, out, first, count, inputs, weights, bias } = convolution;
    const { gathered } = this;
    this.gather(convolution, y, x);
    const at = (y * this.program.size.width + x) * op.out.features + first;
    const round = Math.fround;
    for (let block = 0, w = 0; block < count; block += BLOCK) {
      let [a, b, c, d, e, f, g, h] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = 0; i < inputs; i++, w += BLOCK) {
        const value = gathered[i];
        a = round(a + round(value * weights[w]));
        b = round(b + round(value * weights[w + 1]));
        c = round(c + round(value * weights[w + 2]));
        d = round(d + round(value * weights[w + 3]));
        e = round(e + round(value * weights[w + 4]));
        f = round(f + round(value * weights[w + 5]));
        g = round(g + round(value * weights[w + 6]));
        h = round(h + round(value * weights[w + 7]));
      }
      sums[0] = a;
      sums[1] = b;
      sums[2] = c;
      sums[3] = d;
      sums[4] = e;
      sums[5] = f;
      sums[6] = g;
      sums[7] = h;
      const end = Math.min(BLOCK, count - block);
      for (let j = 0; j < end; j++) {
        const sum = round(sums[j] + bias[block + j]);
        out[at + block + j] = plus === null ? sum : sum + plus[at + block + j];
      }
    }
  }

  /** Collects the inputs that a group sees from one pixel: zero outside the image, ReLU applied. */
  private gather({ op, x: values, taps }: GroupConvolution, y: number, x: number): void {
    const { height, width } = this.program.size;
    const { gathered } = this;
    let at = 0;
    for (const { dy, dx, sees } of taps) {
      const [row, column] = [y + dy, x + dx];
      if (row < 0 || row >= height || column < 0 || column >= width) {
        gathered.fill(0, at, at + sees);
        at += sees;
        continue;
      }
      let from = (row * width + column) * op.x.features;
      for (const end = at + sees; at < end; at++, from++) {
        const value = values[from];
        gathered[at] = op.relu && value < 0 ? 0 : value;
      }
    }
  }

  private groupConvolution(op: ConvOp, group: number, parameters: readonly Float32Array[]): GroupConvolution {
    const { shape } = op;
    const count = shape.groups[group];
    const first = shape.groups.slice(0, group).reduce((sum, size) => sum + size, 0);
    const taps = shape.taps.map(({ dy, dx, sees }) => ({ dy, dx, sees: sees[group] })).filter(({ sees }) => sees > 0);
    const inputs = taps.reduce((sum, { sees }) => sum + sees, 0);
    const blocks = Math.ceil(count / BLOCK);
    const bias = new Float32Array(blocks * BLOCK);
    bias.set(parameters[op.bias].subarray(first, first + count));
    const weights = new Float32Array(blocks * BLOCK * inputs);
    const dense = parameters[op.weights];
    let input = 0;
    for (const { position, sees } of shape.taps) {
      for (let k = 0; k < sees[group]; k++, input++) {
        const row = (position * shape.inFeatures + k) * shape.outFeatures + first;
        for (let j = 0; j < count; j++) {
          weights[(Math.floor(j / BLOCK) * inputs + input) * BLOCK + (j % BLOCK)] = dense[row + j];
        }
      }
    }
    const plus = op.plus === null ? null : this.valuesOf(op.plus);
    return { op, x: this.valuesOf(op.x), plus, out: this.valuesOf(op.out), first, count, taps, inputs, weights, bias };
  }

  private valuesOf(slot: Slot): Float32Array {
    return this.values.get(slot.id)!;
  }
}

/** Where a block's sums are put down; module-wide, since nothing keeps them. */
const sums = new Float32Array(BLOCK);
