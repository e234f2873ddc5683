import { tf } from '../foundation/tfjs.js';
import type { Kernels } from '../backend/kernels/index.js';
import { nativeBackend, registerNativeBackend } from '../backend/native-backend.js';
import { initialiseParameters } from '../backend/parameters.js';
import { optimisers } from '../optimization/optimisers.js';
import { computeGradients } from '../optimization/gradients.js';
import { applyUpdate, type TrainingState } from '../optimization/update.js';
import { assertPrecision, withPrecision, type Precision } from '../backend/precision.js';
import { errorFactory } from '../foundation/errors.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { buildChain } from '../model/chain.js';
import { toTensors } from '../model/model.js';
import { describeBenchNetwork, randomExamples, type BenchNetwork } from './network.js';
import { findRoofline, measurePeaks, type Peaks, type Roofline } from './peaks.js';
import { Profile, type ProfileEntry } from './profile.js';

/** Options for `benchTrain`. */
export interface BenchTrainSettings {
  network: BenchNetwork;
  /** Batch size. */
  batch: number;
  /** Number of timed steps, after 3 warm-up steps. */
  steps: number;
  /** Precision of matrix products. */
  precision: Precision;
  seed: bigint;
}

/** Result of `benchTrain`. */
export interface BenchTrainResult {
  /** Number of parameters of the network. */
  parameters: number;
  /** Median time of a training step, in seconds. */
  secondsPerStep: number;
  imagesPerSecond: number;
  /** Peak memory of the process, in MiB. */
  peakMemoryMiB: number;
  /** Work of the native kernels; null on other backends, whose kernels cannot be profiled. */
  native: NativeWork | null;
}

/** Work of the native kernels in a training step. */
export interface NativeWork {
  /** Useful GFLOP/s: products and sums on unmasked weights. */
  gflops: number;
  /** Fraction of the CPU's measured peak that `gflops` reaches. */
  shareOfPeak: number;
  /** Peaks measured in the same run. */
  peaks: Peaks;
  /** Profile of the kernels, longest first; times are sums over all steps. */
  profile: (ProfileEntry & Roofline)[];
}

/** Number of warm-up steps, in which memory is allocated and code compiled. */
const WARM_UP = 3;

/**
 * Times training steps (gradients, then an RMSProp update) of a network on images of random levels, on the current
 * backend. A native backend is replaced for good by one that records its kernels.
 * @param onStep called after each step with its number: -2 to 0 for warm-up steps, then from 1
 * @throws PxvError `USAGE` if the backend lacks `precision`; the signal's reason if aborted
 */
export async function benchTrain(
  { network: settings, batch, steps, precision, seed }: BenchTrainSettings,
  onStep: (step: number) => void = () => {},
  signal?: AbortSignal,
): Promise<BenchTrainResult> {
  const profile = new Profile();
  const kernels = nativeBackend() && kernelsInUse(precision);
  if (kernels === null) assertPrecision(precision);
  else await useWatched(profile.watch(kernels), precision);
  const chain = buildChain(describeBenchNetwork(settings));
  const weights = toTensors(initialiseParameters(chain.parameters, seed), chain.parameters);
  const optimiser = optimisers.rmsprop;
  let state: TrainingState = { weights, optimiser: [weights.map((weight) => tf.keep(tf.zerosLike(weight)))] };
  const examples = randomExamples(chain.exampleShape, batch, seed);

  const times: number[] = [];
  for (let step = 1; step <= WARM_UP + steps; step++) {
    signal?.throwIfAborted();
    if (step === WARM_UP + 1) profile.clear();
    const started = performance.now();
    const gradients = computeGradients(chain, state.weights, examples);
    ({ state } = applyUpdate(optimiser, { learningRate: 1e-3, step }, state, gradients));
    if (step > WARM_UP) times.push((performance.now() - started) / 1000);
    onStep(step - WARM_UP);
    await yieldToEventLoop();
  }
  tf.dispose([examples.image, ...state.weights, ...state.optimiser.flat()]);

  const peakMemoryMiB = process.resourceUsage().maxRSS / 1024;
  const secondsPerStep = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  return {
    parameters: weights.reduce((sum, { size }) => sum + size, 0),
    secondsPerStep,
    imagesPerSecond: batch / secondsPerStep,
    peakMemoryMiB,
    native: kernels && workOf(profile, measurePeaks(kernels, precision), steps * secondsPerStep),
  };
}

function workOf(watched: Profile, peaks: Peaks, seconds: number): NativeWork {
  const profile = watched.entries().map((entry) => ({ ...entry, ...findRoofline(entry, peaks) }));
  const gflops = profile.reduce((sum, { flops }) => sum + flops, 0) / seconds / 1e9;
  return { gflops, shareOfPeak: gflops / peaks.gflops, peaks, profile };
}

/**
 * Returns the kernels of the current native backend at a precision.
 * @throws PxvError `USAGE` if the backend is not native, or lacks the precision
 */
export function kernelsInUse(precision: Precision): Kernels {
  const backend = nativeBackend();
  if (backend !== null) return withPrecision(precision, () => backend.kernels);
  const misused = errorFactory('USAGE', 'bench');
  throw misused('backend', 'native, whose kernels can be timed', tf.getBackend(), 'leave out --backend');
}

/** Registers a backend with `kernels` for all that it computes, and makes it current. */
async function useWatched(kernels: Kernels, precision: Precision): Promise<void> {
  const name = 'native-watched';
  if (tf.findBackend(name) as unknown) tf.removeBackend(name);
  registerNativeBackend(kernels, name, precision === 'bf16' ? kernels : null);
  await tf.setBackend(name);
}
