import type { ConvolutionShape } from '../backend/convolution-shape.js';
import type { KernelName, KernelNumbers, Kernels } from '../backend/kernels/index.js';
import type { Precision } from '../backend/precision.js';
import type { ScanShape } from '../backend/scan-shape.js';
import type { Size } from '../foundation/frame.js';
import { frameBytes } from '../foundation/levels.js';
import { buildNetwork } from '../model/network.js';
import type { AddOp, ConvOp } from '../model/ops/index.js';
import { shapeOf } from '../model/ops/rule.js';
import { describeBenchNetwork, type BenchNetwork } from './network.js';
import { findRoofline, measureSeconds, type Peaks, type Roofline } from './peaks.js';
import { shapeName } from './profile.js';
import type { Workload } from './work.js';

/** Time and work of one call of a kernel at one shape, compared with the roofline. */
export interface KernelTiming extends Workload, Roofline {
  kernel: KernelName;
  /** Shape in words, including the batch size. */
  shape: string;
  /** Number of calls in a training step. */
  calls: number;
  /** Time of one call, in seconds. */
  seconds: number;
}

const cifar = { hidden: 128, size: { width: 32, height: 32 }, channels: 3, levels: 256, headWidth: 256 } as const;
const digits = { size: { width: 28, height: 28 }, channels: 1, levels: 2, headWidth: 32 } as const;

/**
 * Networks of the paper that are benchmarked by default (1601.06759, table 1): PixelCNN, Row LSTM and Diagonal BiLSTM
 * for CIFAR-10, and two Diagonal BiLSTMs for binarised digits.
 */
export const PAPER_NETWORKS: readonly BenchNetwork[] = [
  { ...cifar, network: 'pixel-cnn', layers: 15 },
  { ...cifar, network: 'row-lstm', layers: 12 },
  { ...cifar, network: 'diagonal-bilstm', layers: 12 },
  { ...digits, network: 'diagonal-bilstm', layers: 7, hidden: 16 },
  { ...digits, network: 'diagonal-bilstm', layers: 1, hidden: 32 },
];

/** Kernel call to time: its numbers, and the names of the nullable arrays that are passed. */
interface KernelCall {
  kernel: KernelName;
  shape: string;
  calls: number;
  numbers: KernelNumbers<KernelName>;
  passed: readonly string[];
}

/**
 * Times every kernel that a training step of `network` calls, once for each distinct shape.
 * @param kernels kernels to time, of `precision`
 * @param batch batch size
 * @param tries number of calls per shape; the result is the shortest time
 * @param peaks peaks of the machine, for the roofline
 */
export function* benchKernels(
  kernels: Kernels,
  precision: Precision,
  network: BenchNetwork,
  batch: number,
  tries: number,
  peaks: Peaks,
): Generator<KernelTiming> {
  const distinct = new Map<string, KernelCall>();
  for (const call of networkCalls(network, batch, precision === 'bf16')) {
    const key = `${call.kernel} ${call.shape}`;
    const calls = distinct.get(key)?.calls ?? 0;
    distinct.set(key, { ...call, calls: calls + call.calls });
  }
  for (const { kernel, shape, calls, numbers, passed } of distinct.values()) {
    const timing = measureSeconds(kernels, kernel, numbers, tries, passed, mixed);
    yield { kernel, shape, calls, ...timing, ...findRoofline(timing, peaks) };
  }
}

/** Returns test values from 0 to 1, uniformly spread: valid as squares and as activations. */
const mixed = (place: number) => ((place * 7919) % 1009) / 1009;

function* networkCalls(settings: BenchNetwork, batch: number, inBf16: boolean): Generator<KernelCall> {
  const { program, parameters } = buildNetwork(describeBenchNetwork(settings).scales[0]);
  for (const op of program.ops) {
    if (op.op === 'conv') yield* convolutionCalls(op, shapeOf(op, inBf16), batch);
    if (op.op === 'lstm') yield* lstmCalls(shapeOf(op, inBf16), batch);
    if (op.op === 'add') yield* addCalls(op, settings.size, batch);
  }
  const { levels } = settings;
  const rows = batch * frameBytes(settings);
  yield call('softmaxCrossEntropy', `[${rows},${levels}]`, { rows, levels });
  yield call('softmaxCrossEntropyGradient', `[${rows},${levels}]`, { rows, levels });
  const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
  yield call('rmsProp', `${count}`, { count, rate: 1e-3, decay: 0.99, epsilon: 1e-8 });
}

function* convolutionCalls({ relu, x }: ConvOp, shape: ConvolutionShape, batch: number): Generator<KernelCall> {
  const name = `[${batch},${shape.outHeight},${shape.outWidth}] ${shapeName(shape)}${relu ? ', ReLU' : ''}`;
  yield call('convolution', name, { shape, batch, relu }, ['bias']);
  if (x.ready !== 'image') yield call('convolutionInputGradient', name, { shape, batch }, relu ? ['reluInput'] : []);
  yield call('convolutionFilterGradient', name, { shape, batch, relu }, ['dBias']);
}

function* lstmCalls(shape: ScanShape, batch: number): Generator<KernelCall> {
  const name = `[${batch},${shape.height},${shape.width}] ${shapeName(shape)}`;
  yield call('lstm', name, { shape, batch });
  yield call('lstmGradient', name, { shape, batch });
}

function* addCalls({ rowsDown, out }: AddOp, { width, height }: Size, batch: number): Generator<KernelCall> {
  const length = height * width * out.features;
  const offset = rowsDown * width * out.features;
  const name = `[${batch},${height},${width},${out.features}], ${rowsDown} down`;
  yield call('addMoved', name, { batch, length, offset }, ['a']);
  if (rowsDown > 0) yield call('addMoved', `${name}, back`, { batch, length, offset: -offset });
}

function call<K extends KernelName>(
  kernel: K,
  shape: string,
  numbers: KernelNumbers<K>,
  passed: readonly string[] = [],
): KernelCall {
  return { kernel, shape, calls: 1, numbers, passed };
}
