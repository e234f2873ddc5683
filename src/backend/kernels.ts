import type { ConvolutionShape } from './convolution-shape.js';
import type { LocalRegressionShape } from './local-regression-shape.js';
import type { TemplateMatchingShape } from './template-shape.js';
import type { WalkShape } from './walk-shape.js';

/**
 * The paths a kernel can exist in. `typescript` is one more instruction set: it sums in float64 and rounds once, at the
 * store; the others sum in float32.
 */
export type InstructionSet = 'typescript' | 'portable' | 'avx2' | 'avx512' | 'amx' | 'neon';

/** The hyper-parameters of mixtures of discretised logistics: see `logisticMixture`. */
export interface MixtureShape {
  /** Number of logistics, K. */
  components: number;
  /** Number of levels a sub-pixel can have, 2 to 256. */
  levels: number;
  /** Levels that one unit of the network's output moves a mean. */
  meanScale: number;
  /** Sub-pixels that choose their component together. */
  colours: 1 | 3;
  /** Anchors of a sub-pixel, A: component k starts from anchor k mod A. */
  anchors: number;
}

/** How many parameters a row has for each of its colours in turn. */
export function mixtureParameters({ components, colours }: Pick<MixtureShape, 'components' | 'colours'>): number[] {
  return Array.from({ length: colours }, (_, colour) => (3 + colour) * components);
}

/** The shapes of the arrays of so many rows, gradients included; those of `subPixels` are targets and nats. */
export function mixtureArrays(
  shape: MixtureShape,
  rows: number,
): Record<'parameters' | 'subPixels' | 'anchors', [rows: number, columns: number]> {
  return {
    parameters: [rows, mixtureParameters(shape).reduce((sum, count) => sum + count, 0)],
    subPixels: [rows, shape.colours],
    anchors: [rows, shape.colours * shape.anchors],
  };
}

/** A mixture's log scale is the network's output plus this, clamped to MIN_LOG_SCALE .. MAX_LOG_SCALE (scales in levels). */
export const LOG_SCALE_OFFSET = 1.0986122886681098; // Math.log(3) may have another last bit.
export const MIN_LOG_SCALE = -3;
export const MAX_LOG_SCALE = 6;

/** What moves, and how: see `warpedMixture`. */
export interface WarpShape {
  height: number;
  width: number;
  /** Channels of one frame. */
  channels: number;
  /** Number of frames that are read, K. */
  frames: number;
  /** Ways in which each of them is moved, F. */
  flows: number;
  /** Pixels that one unit of the network's output moves a frame by. */
  flowScale: number;
}

/** Two frames between which motion is looked for: see `blockMatching`. */
export interface BlockMatchingShape {
  height: number;
  width: number;
  channels: number;
  /** Pixels that a block may have moved, down or across. */
  reach: number;
  /** Pixels to each side of the one in a block's middle. */
  margin: number;
}

/**
 * What a motion must gain in the mean absolute difference to be preferred to none, in levels: once, and for each pixel
 * down and across. Without it, flat areas wander. Sums of these are exact in float32.
 */
export const COST_OF_MOTION = 1;
export const COST_OF_DISTANCE = 1 / 16;

/** The pixels whose motion a pixel is also told: itself first, then those up, down, left and right of it. */
export const NEIGHBOURS = [
  [0, 0],
  [-2, 0],
  [2, 0],
  [0, -2],
  [0, 2],
] as const satisfies readonly [down: number, right: number][];

/** What `blockMatching` gives for each pixel: motion down and to the right of each neighbour, and a difference. */
export const MATCHED_FEATURES = 2 * NEIGHBOURS.length + 1;

export interface AdamSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** 1 for the first update; needed for the bias correction. */
  step: number;
}

export interface RmsPropSettings {
  learningRate: number;
  decay: number;
  epsilon: number;
}

/**
 * What every instruction set offers: pure functions on dense row-major arrays. Outputs are overwritten whole; no output
 * may overlap an input. Every implementation gives the same bits whatever the number of threads. Kernels in bf16 round
 * the factors of the products of convolutions and LSTMs, and of their gradients, and sum in float32.
 */
export interface Kernels {
  readonly instructionSet: InstructionSet;

  /** out = convolution of r(x) + bias + plus, r = ReLU where `relu`, else the identity. See ConvolutionShape. */
  convolution(
    shape: ConvolutionShape,
    batch: number,
    x: Float32Array,
    weights: Float32Array,
    bias: Float32Array | null,
    plus: Float32Array | null,
    relu: boolean,
    out: Float32Array,
  ): void;

  /**
   * dx = (gradient of `convolution` with respect to x, given dy) + plus. With `reluInput` (the x of the forward call),
   * the gradient is zero where x <= 0, before plus is added.
   */
  convolutionInputGradient(
    shape: ConvolutionShape,
    batch: number,
    dy: Float32Array,
    weights: Float32Array,
    reluInput: Float32Array | null,
    plus: Float32Array | null,
    dx: Float32Array,
  ): void;

  /** Gradients of `convolution` with respect to its weights (zero where masked) and, where asked for, its bias. */
  convolutionFilterGradient(
    shape: ConvolutionShape,
    batch: number,
    x: Float32Array,
    dy: Float32Array,
    relu: boolean,
    dWeights: Float32Array,
    dBias: Float32Array | null,
  ): void;

  /**
   * An LSTM layer of h hidden features over images, given its gates before the state-to-state product: see WalkShape.
   *
   * @param gates [batch, height, width, 4h]
   * @param weights [1, taps, h, 4h]
   * @param initial [2, h], the h and the c of pixels outside the image; zeros where null
   * @param activations out: o, f, i (sigmoids) and g (tanh), in the places of their gates
   * @param cells out: c, [batch, height, width, h]
   * @param out h, [batch, height, width, h]
   */
  lstm(
    shape: WalkShape,
    batch: number,
    gates: Float32Array,
    weights: Float32Array,
    initial: Float32Array | null,
    activations: Float32Array,
    cells: Float32Array,
    out: Float32Array,
  ): void;

  /**
   * Gradients of `lstm`, given dOut and what the forward call was given and gave. `dInitial` is null where `initial` is.
   */
  lstmGradient(
    shape: WalkShape,
    batch: number,
    dOut: Float32Array,
    weights: Float32Array,
    initial: Float32Array | null,
    activations: Float32Array,
    cells: Float32Array,
    out: Float32Array,
    dGates: Float32Array,
    dWeights: Float32Array,
    dInitial: Float32Array | null,
  ): void;

  /** out[m, n] = sum_k a[m, k] b[k, n], k ascending; either factor may be stored transposed. */
  matMul(
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    out: Float32Array,
  ): void;

  /** out = max(x, 0). */
  relu(x: Float32Array, out: Float32Array): void;
  /** dx = dy where x > 0, else 0. */
  reluGradient(x: Float32Array, dy: Float32Array, dx: Float32Array): void;
  /** out = a + b; b's length divides a's, and b repeats (a bias over the last axis). */
  add(a: Float32Array, b: Float32Array, out: Float32Array): void;
  /** out[n, i] = a[n, i] + b[n, i - offset] on batch x length values; a is 0 where null, b outside its image. */
  addMoved(batch: number, offset: number, a: Float32Array | null, b: Float32Array, out: Float32Array): void;
  /** out = a * b, same lengths. */
  multiply(a: Float32Array, b: Float32Array, out: Float32Array): void;
  /** out[j] = sum over rows i of x[i, j]; x is rows x out.length. */
  sumRows(x: Float32Array, rows: number, out: Float32Array): void;

  /** nats[i] = -log softmax(logits[i])[targets[i]]; logits is rows x levels. */
  softmaxCrossEntropy(
    logits: Float32Array,
    targets: Int32Array,
    rows: number,
    levels: number,
    nats: Float32Array,
  ): void;
  /** dLogits[i, k] = dNats[i] * (softmax(logits[i])[k] - [k = targets[i]]). */
  softmaxCrossEntropyGradient(
    logits: Float32Array,
    targets: Int32Array,
    dNats: Float32Array,
    rows: number,
    levels: number,
    dLogits: Float32Array,
  ): void;

  /** nats[i] = softplus(z), where z = logits[i] if targets[i] is 0, and -logits[i] if it is 1: exact at either end. */
  sigmoidCrossEntropy(logits: Float32Array, targets: Int32Array, nats: Float32Array): void;
  /** dLogits[i] = dNats[i] * (sigmoid(logits[i]) - targets[i]). */
  sigmoidCrossEntropyGradient(
    logits: Float32Array,
    targets: Int32Array,
    dNats: Float32Array,
    dLogits: Float32Array,
  ): void;

  /**
   * -log P of each sub-pixel of rows of C colours under mixtures of K discretised logistics, given the earlier colours of
   * its row. A row chooses one component for all its colours; later colours may correct the choice.
   *
   * Colours are counted from 0, and x_c is targets[i, c]. The parameters of a row are, colour after colour: K weight
   * logits l, K mean offsets m, K log-scale offsets s, and for each earlier colour e in turn K linear terms a_ce. With all
   * of them for component k, and anchor_c = anchors[i, c, k mod A]:
   *
   *     mean_c = anchor_c + meanScale * m_c + sum over e < c of tanh(a_ce) (x_e - mean_e)     (levels)
   *     log scale = clamp(s_c + log 3, -3, 6)                                                 (scale in levels)
   *     upper = (x_c + 1/2 - mean_c) / scale,   lower = (x_c - 1/2 - mean_c) / scale
   *     inner levels: log p_c = log sigmoid(upper) + log sigmoid(-lower) + log(1 - exp(-1 / scale))
   *     level 0: log p_c = log sigmoid(upper)      last level: log p_c = log sigmoid(-lower)
   *     q_0 = l_0,   q_c = q_(c-1) + log p_(c-1) + l_c
   *     nats[i, c] = log sum over k of exp(q_c) - log sum over k of exp(q_c + log p_c)
   *
   * @param parameters [rows, 3K] for one colour, [rows, 12K] for three: see mixtureParameters
   * @param targets [rows, C], 0 .. levels - 1
   * @param anchors [rows, C * A], in levels; the A of a colour together
   * @param nats out: [rows, C]
   */
  logisticMixture(
    shape: MixtureShape,
    parameters: Float32Array,
    targets: Int32Array,
    anchors: Float32Array,
    rows: number,
    nats: Float32Array,
  ): void;
  /**
   * Gradients, with respect to parameters and anchors, of the sum of dNats * nats of `logisticMixture`. Those of
   * log-scale offsets are zero where the clamp holds.
   */
  logisticMixtureGradient(
    shape: MixtureShape,
    parameters: Float32Array,
    targets: Int32Array,
    anchors: Float32Array,
    dNats: Float32Array,
    rows: number,
    dParameters: Float32Array,
    dAnchors: Float32Array,
  ): void;

  /**
   * For each pixel, a mixture of n = K F samples of K frames, where sample i is of frame floor(i / F), moved. With
   * dy_i and dx_i the displacements of the pixel, and l_i its logits:
   *
   *     y_i = clamp(row + flowScale * dy_i, 0, height - 1),   x_i = clamp(column + flowScale * dx_i, 0, width - 1)
   *     out = sum_i softmax(l)_i * (frame at (y_i, x_i), bilinear between four pixels)
   *
   * The four pixels begin at (floor(y_i), floor(x_i)), but in the last row or column at the one before it.
   *
   * @param frames [batch, height, width, K * channels], the channels of each frame together
   * @param motion [batch, height, width, 3n]: n vertical displacements, n horizontal ones, n logits
   * @param out [batch, height, width, channels]
   */
  warpedMixture(shape: WarpShape, batch: number, frames: Float32Array, motion: Float32Array, out: Float32Array): void;
  /**
   * Gradient of `warpedMixture` with respect to the motion, given dOut. That of a displacement is zero where its
   * coordinate is clamped, and between two cells it is that of the second one.
   */
  warpedMixtureGradient(
    shape: WarpShape,
    batch: number,
    frames: Float32Array,
    motion: Float32Array,
    dOut: Float32Array,
    dMotion: Float32Array,
  ): void;
  /** Gradient of `warpedMixture`, which is linear in the frames, with respect to them, given dOut. */
  warpedMixtureFramesGradient(
    shape: WarpShape,
    batch: number,
    motion: Float32Array,
    dOut: Float32Array,
    dFrames: Float32Array,
  ): void;

  /**
   * Where each pixel of a frame came from in the frame before, by block matching. With r(f) a frame's levels rounded to
   * whole ones, halves up, and all places outside of a frame those nearest inside,
   *
   *     D_d(p) = sum over channels of |r(last)(p) - r(before)(p + d)|        d = (down, right), at most `reach` each
   *     S_d(p) = sum over the (2 margin + 1)^2 places q around p of D_d(q)     of N = channels (2 margin + 1)^2 terms
   *     d* = the first d, by rows, with the least S_d + N (COST_OF_MOTION + COST_OF_DISTANCE (|down| + |right|)),
   *          where d = 0 costs nothing
   *
   * Down and across alike, the parabola through S of d* and of its two neighbours tells a fraction of a pixel, at most 1/2;
   * 0 where a neighbour is out of reach, the parabola has no lowest point or S of d* is 0. All sums are of whole
   * numbers, and so exact: every implementation finds the same motion.
   *
   * @param before, last [batch, height, width, channels], in levels, 0 or more
   * @param out [batch, height, width, 11]: how far down, in pixels, at each of NEIGHBOURS (the nearest pixel inside), how
   *   far to the right at each of them, and S of d* over N, in levels
   */
  blockMatching(
    shape: BlockMatchingShape,
    batch: number,
    before: Float32Array,
    last: Float32Array,
    out: Float32Array,
  ): void;

  /**
   * What the pixels before each pixel of an image say of where its surroundings came from, by template matching (Sugimoto
   * et al., "Inter frame coding with template matching spatio-temporal prediction", 2004): the pixels above and to the left
   * are looked for in the references, and what stands there beside them is a guess at the pixel itself. With r(f) levels rounded
   * to whole ones, halves up, and all places outside of a reference those nearest inside,
   *
   *     D_d(q) = sum over channels of |r(image)(q) - r(reference)(q + d)|, 0 outside the image       d at most `reach` each way
   *     K_d(p) = sum over the template's pixels t of weight(t) D_d(p + t) + distance (|down| + |right|)
   *     w_d    = max(0, T - (K_d - K))^2, where K is the least K_d, that of d*, the first by rows, and T = floor(3 (K + small) / 10)
   *     m      = sum of w_d r(reference)(p + d) / sum of w_d        s^2 = the same of squares, less m^2, mean over channels
   *
   * Like a non-local mean (Buades, Coll and Morel 2005), with weights that end. All sums are of whole numbers, and the rest
   * is in float64, rounded once: every implementation gives the same bits.
   *
   * @param image [batch, height, width, channels], in levels, 0 to 255
   * @param references [batch, height, width, references * channels], the same
   * @param out [batch, height, width, references * (2 channels + 3)]: of each reference m, r(reference)(p + d*), s,
   *   K / (K + usual) and (K_0 - K) / (K_0 + K + small)
   */
  templateMatching(
    shape: TemplateMatchingShape,
    batch: number,
    image: Float32Array,
    references: Float32Array,
    out: Float32Array,
  ): void;

  /**
   * What the pixels before each pixel of an image say of how it differs from what is expected, by least squares over those
   * nearby, as in lossless coders (Li and Orchard, "Edge-directed prediction for lossless compression of natural images", 2001).
   * With e(q) the errors of a known pixel, image less expected, a channel each, r(q) its regressors and |p - q| the sum of rows and
   * columns between two pixels,
   *
   *     W = argmin sum over q before p of decay^|p - q| |e(q) - W r(q)|^2 + ridge |W|^2        moved(p) = W r(p)
   *     ridge = share * mean square of the regressors there + (squares * sum of decay^|p - q| + 1e-6) unit        unit = (highest / 255)^2
   *     left^2 = (what is left of the sum + unit) / (sum of decay^|p - q| + 1/4), channel by channel
   *
   * The regressors of a pixel are e of the pixel before it and of that above, by channel, 0 outside the image; the mean of e over
   * channels above to the left and right, two before and two above; the newest reference less what is expected, by channel; of the
   * means over channels how much what is expected grows to the right, below, to the left and above, and what the newest reference
   * lies beyond it there (outside: the pixel nearest inside); what each other reference lies beyond it at the pixel; and 2 levels of 255.
   * All is in float64 and rounded once, in the same order everywhere: every implementation gives the same bits.
   *
   * @param image [batch, height, width, channels], in levels
   * @param expected the same
   * @param references [batch, height, width, references * channels], in levels, the newest first
   * @param out [batch, height, width, 4 channels]: with each decay of LOCAL_REGRESSION in turn, gain * moved(p), so that what is
   *   expected and moved is a level, and left / (left + 4 levels of 255)
   */
  localRegression(
    shape: LocalRegressionShape,
    batch: number,
    image: Float32Array,
    expected: Float32Array,
    references: Float32Array,
    out: Float32Array,
  ): void;

  /**
   * One Adam update (Kingma and Ba 2014, algorithm 1) of weights w with gradient g * scale[0]:
   * m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g^2; w' = w - rate * (m' / (1 - b1^t)) / (sqrt(v' / (1 - b2^t)) + eps).
   */
  adam(
    settings: AdamSettings,
    w: Float32Array,
    g: Float32Array,
    scale: Float32Array,
    m: Float32Array,
    v: Float32Array,
    newW: Float32Array,
    newM: Float32Array,
    newV: Float32Array,
  ): void;
  /** One RMSProp update: v' = decay v + (1 - decay) g^2; w' = w - rate * g / (sqrt(v') + eps), g = gradient * scale[0]. */
  rmsProp(
    settings: RmsPropSettings,
    w: Float32Array,
    g: Float32Array,
    scale: Float32Array,
    v: Float32Array,
    newW: Float32Array,
    newV: Float32Array,
  ): void;
}
