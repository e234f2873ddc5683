/**
 * Every kernel as the plainest float64 loops that its definition allows, written apart from every implementation.
 * Arguments are those of the kernels, without the output.
 */
import type { ConvolutionShape } from '../../src/backend/convolution-shape.js';
import {
  mixtureArrays,
  type AdamSettings,
  type MixtureShape,
  type RmsPropSettings,
} from '../../src/backend/kernels.js';

type Numbers = ArrayLike<number>;

/** The products of a convolution, three numbers each: the indices of an input value, of a weight, and of an output value. */
function productsOf(shape: ConvolutionShape, batch: number): Int32Array {
  const kept = known.get(shape);
  if (kept?.batch === batch) return kept.products;
  const products: number[] = [];
  const { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride, groups, taps } = shape;
  const groupOf = groups.flatMap((size, group) => new Array<number>(size).fill(group));
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++)
        for (const { dy, dx, position, sees } of taps) {
          const row = y * stride + dy;
          const column = x * stride + dx;
          if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
          for (let o = 0; o < outFeatures; o++)
            for (let k = 0; k < sees[groupOf[o]]; k++)
              products.push(
                ((n * inHeight + row) * inWidth + column) * inFeatures + k,
                (position * inFeatures + k) * outFeatures + o,
                ((n * outHeight + y) * outWidth + x) * outFeatures + o,
              );
        }
  known.set(shape, { batch, products: Int32Array.from(products) });
  return known.get(shape)!.products;
}

/** Of the shapes so far: finite differences ask for the same ones again and again. */
const known = new WeakMap<ConvolutionShape, { batch: number; products: Int32Array }>();

export function convolution(
  shape: ConvolutionShape,
  batch: number,
  x: Numbers,
  weights: Numbers,
  bias: Numbers | null,
  plus: Numbers | null,
  relu: boolean,
): Float64Array {
  const out = new Float64Array(batch * shape.outHeight * shape.outWidth * shape.outFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) {
    const input = x[products[p]];
    out[products[p + 2]] += (relu ? Math.max(input, 0) : input) * weights[products[p + 1]];
  }
  for (let i = 0; i < out.length; i++) out[i] += (bias ? bias[i % shape.outFeatures] : 0) + (plus ? plus[i] : 0);
  return out;
}

export function convolutionInputGradient(
  shape: ConvolutionShape,
  batch: number,
  dy: Numbers,
  weights: Numbers,
  reluInput: Numbers | null,
  plus: Numbers | null,
): Float64Array {
  const dx = new Float64Array(batch * shape.inHeight * shape.inWidth * shape.inFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) dx[products[p]] += dy[products[p + 2]] * weights[products[p + 1]];
  return dx.map((sum, i) => (reluInput && reluInput[i] <= 0 ? 0 : sum) + (plus ? plus[i] : 0));
}

export function convolutionFilterGradient(
  shape: ConvolutionShape,
  batch: number,
  x: Numbers,
  dy: Numbers,
  relu: boolean,
): { dWeights: Float64Array; dBias: Float64Array } {
  const { kernel, inFeatures, outFeatures } = shape;
  const dWeights = new Float64Array(kernel.height * kernel.width * inFeatures * outFeatures);
  const products = productsOf(shape, batch);
  for (let p = 0; p < products.length; p += 3) {
    const input = x[products[p]];
    dWeights[products[p + 1]] += (relu ? Math.max(input, 0) : input) * dy[products[p + 2]];
  }
  return { dWeights, dBias: sumRows(dy, dy.length / outFeatures, outFeatures) };
}

export function matMul(
  a: Numbers,
  b: Numbers,
  m: number,
  n: number,
  k: number,
  transposeA: boolean,
  transposeB: boolean,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let row = 0; row < m; row++)
    for (let column = 0; column < n; column++)
      for (let i = 0; i < k; i++)
        out[row * n + column] +=
          a[transposeA ? i * m + row : row * k + i] * b[transposeB ? column * k + i : i * n + column];
  return out;
}

export function sumRows(x: Numbers, rows: number, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < rows * columns; i++) out[i % columns] += x[i];
  return out;
}

export function softmaxCrossEntropy(logits: Numbers, targets: Numbers, rows: number, levels: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < levels; k++) sum += Math.exp(logits[i * levels + k]);
    return Math.log(sum) - logits[i * levels + targets[i]];
  });
}

export function softmaxCrossEntropyGradient(
  logits: Numbers,
  targets: Numbers,
  dNats: Numbers,
  rows: number,
  levels: number,
): Float64Array {
  return gradientByRows(
    rows,
    levels,
    logits,
    (row, i) => dNats[i] * softmaxCrossEntropy(row, [targets[i]], 1, levels)[0],
  );
}

export function sigmoidCrossEntropy(logits: Numbers, targets: Numbers, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => Math.log1p(Math.exp(targets[i] === 1 ? -logits[i] : logits[i])));
}

export function sigmoidCrossEntropyGradient(
  logits: Numbers,
  targets: Numbers,
  dNats: Numbers,
  rows: number,
): Float64Array {
  return gradientByRows(rows, 1, logits, (row, i) => dNats[i] * sigmoidCrossEntropy(row, [targets[i]], 1)[0]);
}

/**
 * The gradient of a function of row i, by differences over five points, right to about 1e-9: an independent reference,
 * since it is the analytic gradient that is to be checked.
 */
function gradientByRows(
  rows: number,
  columns: number,
  x: Numbers,
  valueOf: (row: Float64Array, index: number) => number,
): Float64Array {
  const step = 2e-4;
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const i = Math.floor(at / columns);
    const row = Float64Array.from({ length: columns }, (_, k) => x[i * columns + k]);
    const valueAt = (steps: number): number => {
      const moved = row.slice();
      moved[at % columns] += steps * step;
      return valueOf(moved, i);
    };
    return (8 * (valueAt(1) - valueAt(-1)) - (valueAt(2) - valueAt(-2))) / (12 * step);
  });
}

/**
 * From the definition, by Bayes' rule: the weights of the components given the colours before are products of
 * probabilities, and a component's is a difference of its cumulative distribution, on the side where it does not cancel.
 */
export function logisticMixture(
  { components, levels, meanScale, colours, anchors: each }: MixtureShape,
  parameters: Numbers,
  targets: Numbers,
  anchors: Numbers,
  rows: number,
): Float64Array {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const probability = (target: number, mean: number, logScaleOffset: number): number => {
    const scale = Math.exp(Math.min(Math.max(logScaleOffset + Math.log(3), -3), 6));
    const upper = target === levels - 1 ? Infinity : (target + 0.5 - mean) / scale;
    const lower = target === 0 ? -Infinity : (target - 0.5 - mean) / scale;
    return lower > 0 ? sigmoid(-lower) - sigmoid(-upper) : sigmoid(upper) - sigmoid(lower);
  };
  const nats = new Float64Array(rows * colours);
  let at = 0;
  /** The next K parameters. */
  const read = (): number[] => Array.from({ length: components }, () => parameters[at++]);
  for (let row = 0; row < rows; row++) {
    let chosen = new Array<number>(components).fill(1);
    const surprises: number[][] = [];
    for (let colour = 0; colour < colours; colour++) {
      const [logits, offsets, logScales] = [read(), read(), read()];
      const terms = surprises.map(read);
      const target = targets[row * colours + colour];
      const means = offsets.map((offset, k) =>
        terms.reduce(
          (mean, term, earlier) => mean + Math.tanh(term[k]) * surprises[earlier][k],
          anchors[(row * colours + colour) * each + (k % each)] + meanScale * offset,
        ),
      );
      const weights = logits.map((logit, k) => chosen[k] * Math.exp(logit));
      const joint = weights.map((weight, k) => weight * probability(target, means[k], logScales[k]));
      const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
      nats[row * colours + colour] = -Math.log(sum(joint) / sum(weights));
      chosen = joint.map((value) => value / sum(joint));
      surprises.push(means.map((mean) => target - mean));
    }
  }
  return nats;
}

export function logisticMixtureGradient(
  shape: MixtureShape,
  parameters: Numbers,
  targets: Numbers,
  anchors: Numbers,
  dNats: Numbers,
  rows: number,
): { dParameters: Float64Array; dAnchors: Float64Array } {
  const sizes = mixtureArrays(shape, rows);
  const rowOf = (x: Numbers, row: number): Numbers => {
    const columns = x.length / rows;
    return Array.from({ length: columns }, (_, column) => x[row * columns + column]);
  };
  const value = (parameters: Numbers, anchors: Numbers, row: number): number =>
    logisticMixture(shape, parameters, rowOf(targets, row), anchors, 1).reduce(
      (sum, nats, colour) => sum + rowOf(dNats, row)[colour] * nats,
      0,
    );
  return {
    dParameters: gradientByRows(rows, sizes.parameters[1], parameters, (x, row) => value(x, rowOf(anchors, row), row)),
    dAnchors: gradientByRows(rows, sizes.anchors[1], anchors, (x, row) => value(rowOf(parameters, row), x, row)),
  };
}

export function adam(
  { learningRate, beta1, beta2, epsilon, step }: AdamSettings,
  w: Numbers,
  g: Numbers,
  scale: Numbers,
  m: Numbers,
  v: Numbers,
): { w: Float64Array; m: Float64Array; v: Float64Array } {
  const newM = Float64Array.from(m, (value, i) => beta1 * value + (1 - beta1) * g[i] * scale[0]);
  const newV = Float64Array.from(v, (value, i) => beta2 * value + (1 - beta2) * (g[i] * scale[0]) ** 2);
  const newW = Float64Array.from(w, (value, i) => {
    const mean = newM[i] / (1 - Math.pow(beta1, step));
    const square = newV[i] / (1 - Math.pow(beta2, step));
    return value - (learningRate * mean) / (Math.sqrt(square) + epsilon);
  });
  return { w: newW, m: newM, v: newV };
}

export function rmsProp(
  { learningRate, decay, epsilon }: RmsPropSettings,
  w: Numbers,
  g: Numbers,
  scale: Numbers,
  v: Numbers,
): { w: Float64Array; v: Float64Array } {
  const newV = Float64Array.from(v, (value, i) => decay * value + (1 - decay) * (g[i] * scale[0]) ** 2);
  const newW = Float64Array.from(
    w,
    (value, i) => value - (learningRate * g[i] * scale[0]) / (Math.sqrt(newV[i]) + epsilon),
  );
  return { w: newW, v: newV };
}
