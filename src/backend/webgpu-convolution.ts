import type { Rank, Tensor, Tensor1D, Tensor2D, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';
import { tf } from '../foundation/tfjs.js';
import type { ConvolutionShape } from './convolution-shape.js';
import type { WebgpuProgram, WebgpuPrograms } from './webgpu-backend.js';

// Convolutions in WGSL over the taps of a shape, as in native/kernels/convolution.h. Features lie in words of four;
// others are padded to these. A tap reads as many words as the last group sees, where masked weights are zero.

/** Pixels of a row that an invocation computes, and words of their features. */
const PIXELS = 8;
const WORDS = 2;
/** Invocations of a workgroup. */
const WORKGROUP = 32;
/** Maximum number of parts of the rows whose filter gradients are summed apart, and of the floats of all parts. */
const MAX_PARTS = 64;
const MAX_PART_FLOATS = 2 ** 23;

const COMPONENTS = ['x', 'y', 'z', 'w'] as const;
const indices = (count: number) => Array.from({ length: count }, (_, index) => index);
const inWords = (features: number) => Math.ceil(features / 4);

/** Optional tensors of `convolve`. */
interface Epilogue {
  /** [outFeatures], added to each pixel. */
  bias?: Tensor1D | undefined;
  /** Shaped as the result, which becomes zero where this is not above zero, after the bias. */
  reluInput?: Tensor4D | undefined;
  /** Shaped as the result, added last. */
  plus?: Tensor4D | undefined;
}

/**
 * Computes kernel `convolution`: see kernels/convolution.ts.
 * @param backend backend of tfjs that is in use
 */
export function convolveOnWebgpu(
  backend: WebgpuPrograms,
  { x, weights, ...epilogue }: { x: Tensor4D; weights: Tensor4D } & Epilogue,
  { shape, relu }: { shape: ConvolutionShape; relu: boolean },
): Tensor4D {
  const taps = shape.taps.map(({ dy, dx, position, sees }) => [dy, dx, position, inWords(sees[sees.length - 1])]);
  const size = { height: shape.outHeight, width: shape.outWidth, features: shape.outFeatures };
  return convolve(backend, { x, weights, ...epilogue }, taps, size, { stride: shape.stride, relu, transposed: false });
}

/** Computes kernel `convolutionInputGradient`, a convolution of dy with the transposed matrix of each tap. */
export function inputGradientOnWebgpu(
  backend: WebgpuPrograms,
  { dy, weights, ...epilogue }: { dy: Tensor4D; weights: Tensor4D } & Epilogue,
  { shape }: { shape: ConvolutionShape },
): Tensor4D {
  const transposed = tf.transpose<Tensor4D>(weights, [0, 1, 3, 2]);
  const taps = shape.taps.map(({ dy: down, dx, position }) => [down, dx, position, inWords(shape.outFeatures)]);
  const size = { height: shape.inHeight, width: shape.inWidth, features: shape.inFeatures };
  const options = { stride: shape.stride, relu: false, transposed: true };
  return convolve(backend, { x: dy, weights: transposed, ...epilogue }, taps, size, options);
}

/**
 * Convolves x with zero padding.
 * @param taps offset down and to the right, position in the kernel, and words that are read, of each tap
 * @param options `relu`: x goes through a ReLU first; `transposed`: pixel p of the result reads the pixels of x from
 *   which p lies a tap away, in steps of `stride`
 */
function convolve(
  backend: WebgpuPrograms,
  { x, weights, bias, reluInput, plus }: { x: Tensor4D; weights: Tensor4D } & Epilogue,
  taps: readonly number[][],
  { height, width, features }: { height: number; width: number; features: number },
  options: { stride: number; relu: boolean; transposed: boolean },
): Tensor4D {
  const [batch] = x.shape;
  const words = inWords(features);
  const inputs = { x: inFours(x, 1), weights: inFours(weights, 2), taps: tapTable(taps) };
  const added = Object.entries({ bias, reluInput, plus }).filter(([, tensor]) => tensor !== undefined);
  const epilogue = Object.fromEntries(added.map(([name, tensor]) => [name, inFours(tensor as Tensor, 1)]));
  const segments = batch * height * Math.ceil(width / PIXELS);
  const result = run(backend, {
    name: 'convolution',
    variant: [options.relu, options.transposed, ...Object.keys(epilogue)].join(),
    inputs: { ...inputs, ...epilogue },
    outputShape: [batch, height, width, 4 * words],
    uniforms: { stride: options.stride, taps: taps.length },
    dispatch: [Math.ceil(segments / WORKGROUP), Math.ceil(words / WORDS), 1],
    code: () => convolutionCode(options, Object.keys(epilogue)),
  });
  return withFeatures(result as Tensor4D, features);
}

function convolutionCode({ relu, transposed }: { relu: boolean; transposed: boolean }, epilogue: string[]): string {
  const [pixels, words] = [indices(PIXELS), indices(WORDS)];
  const each = (line: (pixel: number, word: number) => string) =>
    pixels.flatMap((pixel) => words.map((word) => line(pixel, word))).join('\n');
  /**
   * Returns statements for one axis: variable `name` is the index that a tap reads for output index `place`, and
   * `name`In is true if that index is within `length`.
   */
  const read = (name: string, place: string, offset: string, length: string) =>
    transposed
      ? `let ${name}At = ${place} - ${offset};
         let ${name} = ${name}At / uniforms.stride;
         let ${name}In = ${name}At >= 0 && ${name}At % uniforms.stride == 0 && ${name} < ${length};`
      : `let ${name} = (${place}) * uniforms.stride + ${offset};
         let ${name}In = ${name} >= 0 && ${name} < ${length};`;
  const value = (pixel: number) => {
    const inside = `select(vec4<f32>(0.0), x[from${pixel} + k], column${pixel}In)`;
    return relu ? `max(${inside}, vec4<f32>(0.0))` : inside;
  };
  const has = (name: string, line: string) => (epilogue.includes(name) ? line : '');
  return `
    fn main() {
      let size = uniforms.outShape;
      let source = uniforms.xShape;
      let segments = (size.z + ${PIXELS - 1}) / ${PIXELS};
      let segment = i32(workgroupId.x) * ${WORKGROUP} + i32(localId.x);
      if (segment >= size.x * size.y * segments) { return; }
      let left = (segment % segments) * ${PIXELS};
      let line = segment / segments;
      let image = line / size.y;
      let words = size.w / 4;
      let sourceWords = source.w / 4;
      let first = i32(workgroupId.y) * ${WORDS};
      ${each((pixel, word) => `var sum${pixel}_${word} = vec4<f32>(0.0);`)}
      for (var t = 0; t < uniforms.taps; t++) {
        let tap = taps[t];
        ${read('row', 'line % size.y', 'tap.x', 'source.y')}
        if (!rowIn) { continue; }
        let rowFrom = (image * source.y + row) * source.z;
        ${pixels
          .map(
            (pixel) => `${read(`column${pixel}`, `left + ${pixel}`, 'tap.y', 'source.z')}
            let from${pixel} = (rowFrom + select(0, column${pixel}, column${pixel}In)) * sourceWords;`,
          )
          .join('\n')}
        for (var k = 0; k < tap.w; k++) {
          ${pixels.map((pixel) => `let value${pixel} = ${value(pixel)};`).join('\n')}
          ${COMPONENTS.map(
            (component, part) => `
            {
              let at = (tap.z * source.w + 4 * k + ${part}) * words + first;
              ${words.map((word) => `let weight${word} = weights[at + ${word}];`).join('\n')}
              ${each((pixel, word) => {
                const sum = `sum${pixel}_${word}`;
                return `${sum} = fma(vec4<f32>(value${pixel}.${component}), weight${word}, ${sum});`;
              })}
            }`,
          ).join('')}
        }
      }
      ${each(
        (pixel, word) => `
        if (left + ${pixel} < size.z && first + ${word} < words) {
          let at = (line * size.z + left + ${pixel}) * words + first + ${word};
          var sum = sum${pixel}_${word};
          ${has('bias', `sum += bias[first + ${word}];`)}
          ${has('reluInput', 'sum = select(vec4<f32>(0.0), sum, reluInput[at] > vec4<f32>(0.0));')}
          ${has('plus', 'sum += plus[at];')}
          result[at] = sum;
        }`,
      )}
    }`;
}

/**
 * Computes the gradient of `convolution` with respect to its weights, dw[tap, k, o] = sum over pixels p of
 * r(x[p + tap, k]) dy[p, o]: of parts of the rows first, then of all. It is dense in each tap.
 */
export function filterGradientOnWebgpu(
  backend: WebgpuPrograms,
  { x, dy }: { x: Tensor4D; dy: Tensor4D },
  { shape, relu }: { shape: ConvolutionShape; relu: boolean },
): Tensor4D {
  const { kernel, inFeatures, outFeatures } = shape;
  const positions = kernel.height * kernel.width;
  const [inputs, outputs] = [inWords(inFeatures), inWords(outFeatures)];
  const rows = x.shape[0] * shape.outHeight;
  const inEach = positions * 16 * inputs * outputs;
  const rowsInPart = Math.ceil(rows / Math.max(1, Math.min(MAX_PARTS, rows, Math.floor(MAX_PART_FLOATS / inEach))));
  const parts = Math.ceil(rows / rowsInPart);
  const taps = indices(positions).map(() => [0, 0, 0, 0]);
  for (const { dy: down, dx, position } of shape.taps) taps[position] = [down, dx, 1, 0];
  const ofParts = run(backend, {
    name: 'filterGradient',
    variant: `${relu}`,
    inputs: { x: inFours(x, 1), dy: inFours(dy, 1), taps: tapTable(taps) },
    outputShape: [parts, positions, 4 * inputs, 4 * outputs],
    uniforms: { stride: shape.stride, rowsInPart },
    dispatch: [Math.ceil((inputs * Math.ceil(outputs / WORDS)) / WORKGROUP), positions, parts],
    code: () => filterGradientCode(relu),
  });
  // A matrix product sums the parts; tf.sum would transpose them first.
  const sums = tf.matMul(tf.ones<Rank.R2>([1, parts]), tf.reshape<Rank.R2>(ofParts, [parts, inEach]));
  const padded = tf.reshape<Rank.R4>(sums, [kernel.height, kernel.width, 4 * inputs, 4 * outputs]);
  return tf.slice(padded, [0, 0, 0, 0], [kernel.height, kernel.width, inFeatures, outFeatures]);
}

function filterGradientCode(relu: boolean): string {
  const words = indices(WORDS);
  const each = (line: (part: number, word: number) => string) =>
    COMPONENTS.flatMap((_, part) => words.map((word) => line(part, word))).join('\n');
  const value = 'x[((image * source.y + row) * source.z + column) * sourceWords + k]';
  return `
    fn main() {
      let source = uniforms.xShape;
      let size = uniforms.dyShape;
      let sourceWords = source.w / 4;
      let words = size.w / 4;
      let blocks = (words + ${WORDS - 1}) / ${WORDS};
      let block = i32(workgroupId.x) * ${WORKGROUP} + i32(localId.x);
      if (block >= sourceWords * blocks) { return; }
      let k = block / blocks;
      let first = (block % blocks) * ${WORDS};
      let position = i32(workgroupId.y);
      let part = i32(workgroupId.z);
      let tap = taps[position];
      ${each((component, word) => `var sum${component}_${word} = vec4<f32>(0.0);`)}
      let end = select(0, min((part + 1) * uniforms.rowsInPart, size.x * size.y), tap.z == 1);
      for (var line = part * uniforms.rowsInPart; line < end; line++) {
        let image = line / size.y;
        let row = (line % size.y) * uniforms.stride + tap.x;
        if (row < 0 || row >= source.y) { continue; }
        for (var pixel = 0; pixel < size.z; pixel++) {
          let column = pixel * uniforms.stride + tap.y;
          if (column < 0 || column >= source.z) { continue; }
          let value = ${relu ? `max(${value}, vec4<f32>(0.0))` : value};
          let at = (line * size.z + pixel) * words + first;
          ${words.map((word) => `let given${word} = dy[at + ${word}];`).join('\n')}
          ${each(
            (part, word) =>
              `sum${part}_${word} = fma(vec4<f32>(value.${COMPONENTS[part]}), given${word}, sum${part}_${word});`,
          )}
        }
      }
      let at = ((part * uniforms.outShape.y + position) * source.w + 4 * k) * words + first;
      ${each(
        (part, word) => `if (first + ${word} < words) { result[at + ${part} * words + ${word}] = sum${part}_${word}; }`,
      )}
    }`;
}

/** Program to run, with its arguments. */
interface Call {
  name: string;
  /** Options of the code; with `name` the key of the compiled program. */
  variant: string;
  inputs: Record<string, Tensor>;
  outputShape: number[];
  uniforms: Record<string, number>;
  /** Number of workgroups along each axis. */
  dispatch: [number, number, number];
  code: () => string;
}

function run(backend: WebgpuPrograms, { name, variant, inputs, uniforms, code, ...call }: Call): Tensor {
  const variableNames = Object.keys(inputs);
  const program: WebgpuProgram = {
    ...call,
    shaderKey: `pxv.${name} ${variant}`,
    variableNames,
    variableComponents: variableNames.map(() => 4),
    outputComponent: 4,
    uniforms: Object.keys(uniforms)
      .map((field) => `${field} : i32,`)
      .join(' '),
    workgroupSize: [WORKGROUP, 1, 1],
    // Unused, as main takes no index.
    dispatchLayout: { x: [3], y: [1, 2], z: [0] },
    size: false,
    getUserCode: code,
  };
  const values = Object.values(uniforms).map((value) => ({ type: 'int32' as const, data: [value] }));
  const info: TensorInfo = backend.runWebGPUProgram(program, Object.values(inputs), 'float32', values);
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** Returns a table of four integers for each tap. */
function tapTable(taps: readonly number[][]): Tensor2D {
  return tf.tensor2d(taps.flat(), [taps.length, 4], 'int32');
}

/** Pads the last `axes` axes with zeros to multiples of four. */
function inFours<T extends Tensor>(x: T, axes: number): T {
  const missing = x.shape.map((length, axis) => (axis < x.rank - axes ? 0 : 4 * inWords(length) - length));
  return missing.some(Boolean)
    ? tf.pad(
        x,
        missing.map((count) => [0, count]),
      )
    : x;
}

/** Returns the first `features` features of a map. */
function withFeatures(map: Tensor4D, features: number): Tensor4D {
  const [batch, height, width, padded] = map.shape;
  return padded === features ? map : tf.slice(map, [0, 0, 0, 0], [batch, height, width, features]);
}
