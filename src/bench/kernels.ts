import type { ConvolutionShape } from '../backend/convolution-shape.js';
import type { Kernels } from '../backend/kernels.js';
import { hiddenFeatures, stateToState, type WalkShape } from '../backend/walk-shape.js';
import type { Size } from '../frame.js';
import { buildNetwork } from '../model/network.js';
import type { AddOp } from '../model/ops/index.js';
import { describeBenchNetwork, type BenchNetwork } from './network.js';
import { roofSeconds, timed, type Peaks } from './peaks.js';
import { shapeName } from './profile.js';
import type { KernelName, Work } from './work.js';

/** One kernel at one shape against its roof: the time that arithmetic or memory, whichever is slower, would take. */
export interface KernelTiming extends Work {
  kernel: KernelName;
  /** Shape in words, with the images. */
  shape: string;
  seconds: number;
  shareOfRoof: number;
}

/** The networks of the paper whose shapes are measured where none is asked for (1601.06759, table 1). */
export const PAPER_NETWORKS: readonly BenchNetwork[] = [
  cifar('pixel-cnn', 15),
  cifar('row-lstm', 12),
  cifar('diagonal-bilstm', 12),
  mnist(16, 7),
  mnist(32, 1),
];

function cifar(network: BenchNetwork['network'], layers: number): BenchNetwork {
  const size = { width: 32, height: 32 };
  return { network, layers, hidden: 128, size, channels: 3, levels: 256, headWidth: 256 };
}

function mnist(hidden: number, layers: number): BenchNetwork {
  const size = { width: 28, height: 28 };
  return { network: 'diagonal-bilstm', layers, hidden, size, channels: 1, levels: 2, headWidth: 32 };
}

/** A call that is to be timed. */
interface KernelCall<K extends KernelName = KernelName> {
  kernel: K;
  shape: string;
  given: () => Parameters<Kernels[K]>;
}

/** Times every kernel that a training step of these networks calls, each shape once. */
export function* benchKernels(
  kernels: Kernels,
  networks: readonly BenchNetwork[],
  batch: number,
  tries: number,
  peaks: Peaks,
): Generator<KernelTiming> {
  const calls = new Map<string, KernelCall>();
  for (const network of networks)
    for (const call of networkCalls(network, batch)) calls.set(`${call.kernel} ${call.shape}`, call);
  for (const { kernel, shape, given } of calls.values()) {
    const timing = timed(kernels, kernel, given(), tries);
    yield { kernel, shape, ...timing, shareOfRoof: roofSeconds(timing, peaks) / timing.seconds };
  }
}

function* networkCalls(settings: BenchNetwork, batch: number): Generator<KernelCall> {
  const { program, parameters } = buildNetwork(describeBenchNetwork(settings).scales[0]);
  for (const op of program.ops) {
    if (op.op === 'conv') yield* convolutionCalls(op.shape, batch, op.relu, op.x.ready === 'image');
    if (op.op === 'lstm') yield* lstmCalls(op.shape, batch);
    if (op.op === 'add') yield* addCalls(op, settings.size, batch);
  }
  yield* headCalls(batch * settings.size.height * settings.size.width * settings.channels, settings.levels);
  yield* updateCalls(parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0));
}

function* convolutionCalls(
  shape: ConvolutionShape,
  batch: number,
  relu: boolean,
  isFirst: boolean,
): Generator<KernelCall> {
  const { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, kernel } = shape;
  const x = () => filled(batch * inHeight * inWidth * inFeatures);
  const y = () => filled(batch * outHeight * outWidth * outFeatures);
  const weights = () => filled(kernel.height * kernel.width * inFeatures * outFeatures);
  const bias = () => filled(outFeatures);
  const name = `[${batch},${outHeight},${outWidth}] ${shapeName(shape)}${relu ? ', ReLU' : ''}`;
  yield call('convolution', name, () => [shape, batch, x(), weights(), bias(), null, relu, y()]);
  if (!isFirst)
    yield call('convolutionInputGradient', name, () => [shape, batch, y(), weights(), relu ? x() : null, null, x()]);
  yield call('convolutionFilterGradient', name, () => [shape, batch, x(), y(), relu, weights(), bias()]);
}

function* lstmCalls(shape: WalkShape, batch: number): Generator<KernelCall> {
  const { height, width } = shape;
  const hidden = hiddenFeatures(shape);
  const states = () => filled(batch * height * width * hidden);
  const gates = () => filled(batch * height * width * 4 * hidden);
  const weights = () => filled(stateToState(shape).kernel.width * hidden * 4 * hidden);
  const name = `[${batch},${height},${width}] ${shapeName(shape)}`;
  yield call('lstm', name, () => [shape, batch, gates(), weights(), null, gates(), states(), states()]);
  yield call('lstmGradient', name, () => [
    shape,
    batch,
    states(),
    weights(),
    null,
    gates(),
    states(),
    states(),
    gates(),
    weights(),
    null,
  ]);
}

function* addCalls({ rowsDown, out }: AddOp, { width, height }: Size, batch: number): Generator<KernelCall> {
  const offset = rowsDown * width * out.features;
  const map = () => filled(batch * height * width * out.features);
  const name = `[${batch},${height},${width},${out.features}], ${rowsDown} down`;
  yield call('addMoved', name, () => [batch, offset, map(), map(), map()]);
  if (rowsDown > 0) yield call('addMoved', `${name}, back`, () => [batch, -offset, null, map(), map()]);
}

function* headCalls(rows: number, levels: number): Generator<KernelCall> {
  const targets = () => Int32Array.from({ length: rows }, (_, i) => i % levels);
  const logits = () => filled(rows * levels);
  const name = `[${rows},${levels}]`;
  yield call('softmaxCrossEntropy', name, () => [logits(), targets(), rows, levels, filled(rows)]);
  yield call('softmaxCrossEntropyGradient', name, () => [logits(), targets(), filled(rows), rows, levels, logits()]);
}

function* updateCalls(count: number): Generator<KernelCall> {
  const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, decay: 0.99, epsilon: 1e-8, step: 1 };
  const [w, one] = [() => filled(count), Float32Array.of(1)];
  yield call('adam', `${count}`, () => [settings, w(), w(), one, w(), w(), w(), w(), w()]);
  yield call('rmsProp', `${count}`, () => [settings, w(), w(), one, w(), w(), w()]);
}

function call<K extends KernelName>(kernel: K, shape: string, given: () => Parameters<Kernels[K]>): KernelCall {
  return { kernel, shape, given };
}

/** Values between 0 and 1, as squares and activations are; half of them below their mean. */
function filled(length: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = ((i * 7919) % 1009) / 1009;
  return values;
}
