// Times whole training steps, with RMSProp, on images of random levels. With the native backend it also prints useful
// GFLOP/s beside the measured peaks of the machine: masked weights count as no work.
//
// usage: node bench/train-step.mjs [--network NAME] [--hidden H] [--layers L] [--size WxH] [--channels rgb|gray]
//                                  [--levels N] [--head-width N] [--batch N] [--steps N] [--precision NAME]
//                                  [--profile] [--seed N] [--backend NAME] [--instruction-set NAME] [--threads N]
//                                  [--json]
//   --network, --hidden, --layers   default: a pixel-cnn of 15 layers with 128 features
//   --size                          size of the images, or their side (default: 32x32)
//   --channels, --levels            default: rgb, 256
//   --head-width                    features before the head (default: 2h)
//   --batch                         batch size (default: 16)
//   --steps                         steps to time, after 3 warm-up steps; the median counts (default: 10)
//   --precision                     precision of products: float32 or bf16 (default: float32)
//   --profile                       print the time, rates and roofline of each kernel (native backend)
//   --json                          print one JSON object
import { nativeBackend, registerNativeBackend } from '../dist/src/backend/native-backend.js';
import { initialiseParameters } from '../dist/src/backend/parameters.js';
import { assertPrecision, withPrecision } from '../dist/src/backend/precision.js';
import { makeTable, tableText } from '../dist/src/document/blocks/table.js';
import { Philox, randomStreams } from '../dist/src/foundation/philox.js';
import { tf } from '../dist/src/foundation/tfjs.js';
import { buildChain } from '../dist/src/model/chain.js';
import { toTensors } from '../dist/src/model/model.js';
import { computeGradients } from '../dist/src/optimization/gradients.js';
import { optimisers } from '../dist/src/optimization/optimisers.js';
import { applyUpdate } from '../dist/src/optimization/update.js';
import { parseArguments, refuseArguments, wholeNumber } from './arguments.mjs';
import { networkOptions, readNetwork, startBackend } from './network.mjs';
import { measurePeaks, profileKernels, withRoofline } from './roofline.mjs';

const { values } = parseArguments({
  options: {
    ...networkOptions,
    steps: { type: 'string', default: '10' },
    precision: { type: 'string', default: 'float32' },
    profile: { type: 'boolean', default: false },
  },
});
const { description, batch, seed } = readNetwork(values);
const { precision } = values;
const steps = wholeNumber(values, 'steps');
const precisions = ['float32', 'bf16'];
if (!precisions.includes(precision))
  refuseArguments(`--precision: expected one of ${precisions.join(', ')}, received ${precision}`);
const chosen = await startBackend(values);
if (values.profile && nativeBackend() === null)
  refuseArguments(`--profile: expected the backend native, received ${chosen.backend}`);

/** Number of warm-up steps, in which memory is allocated and code compiled. */
const WARM_UP = 3;

const started = performance.now();
assertPrecision(precision);
const kernels = nativeBackend() && withPrecision(precision, () => nativeBackend().kernels);
const profile = new Map();
if (kernels !== null) {
  const watched = profileKernels(kernels, profile);
  registerNativeBackend(watched, 'native-watched', precision === 'bf16' ? watched : null);
  await tf.setBackend('native-watched');
}
const chain = buildChain(description);
const arrays = initialiseParameters(chain.parameters, seed);
const weights = toTensors(arrays, chain.parameters);
let state = { weights, optimiser: [weights.map((weight) => tf.keep(tf.zerosLike(weight)))] };
const examples = randomExamples(chain.exampleShape);
const times = [];
for (let step = 1; step <= WARM_UP + steps; step++) {
  if (step === WARM_UP + 1) profile.clear();
  const began = performance.now();
  const gradients = computeGradients(chain, state.weights, examples);
  ({ state } = applyUpdate(optimisers.rmsprop, { learningRate: 1e-3, step }, state, gradients));
  if (step > WARM_UP) times.push((performance.now() - began) / 1000);
}
const secondsPerStep = times.sort((a, b) => a - b)[steps >> 1];
const peakMemoryMiB = process.resourceUsage().maxRSS / 1024;
const native = kernels && measureWork(kernels);
const result = {
  network: values.network,
  seed: values.seed,
  seconds: (performance.now() - started) / 1000,
  parameters: arrays.reduce((sum, { length }) => sum + length, 0),
  secondsPerStep,
  imagesPerSecond: batch / secondsPerStep,
  peakMemoryMiB,
  ...native?.work,
  ...(values.profile && { profile: native.entries }),
  ...chosen,
  precision,
};
console.log(values.json ? JSON.stringify(result) : describeResult());

/** Makes a batch of images of random levels. */
function randomExamples({ size, channels, levels }) {
  const philox = new Philox(seed);
  const shape = [batch, size.height, size.width, channels];
  const drawn = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, at) =>
    Math.floor(philox.uniform(at, 0, 0, randomStreams.sampling) * levels),
  );
  const image = tf.tensor4d(drawn, shape);
  return { image, inputImage: image, conditioningInputs: {} };
}

/** Returns the work of all steps beside the peaks of the machine, and the profile, longest first. */
function measureWork(kernels) {
  const peaks = measurePeaks(kernels, precision);
  const entries = [...profile.values()].sort((a, b) => b.seconds - a.seconds);
  const gflops = entries.reduce((sum, { flops }) => sum + flops, 0) / (steps * secondsPerStep) / 1e9;
  const work = { gflops, shareOfPeak: gflops / peaks.gflops, peaks };
  return { work, entries: entries.map((entry) => withRoofline(entry, peaks)) };
}

function describeResult() {
  const lines = [`${secondsPerStep.toPrecision(4)} s a step, ${result.imagesPerSecond.toFixed(1)} images/s`];
  if (native !== null) {
    const { gflops, shareOfPeak, peaks } = native.work;
    const share = `${percent(shareOfPeak)} of the ${peaks.gflops.toFixed(0)} measured`;
    lines.push(`${gflops.toFixed(1)} useful GFLOP/s, ${share}; ${peaks.gbytes.toFixed(1)} GB/s of memory`);
  }
  lines.push(`${peakMemoryMiB.toFixed(0)} MiB of memory at most`);
  if (values.profile) lines.push('', profileTable(native.entries));
  return lines.join('\n');
}

/** Returns a table of the time that a step spends in each kernel. The rest is time in tfjs and JavaScript. */
function profileTable(entries) {
  const titles = ['kernel', 'shape', 'calls', 'ms', 'of step', 'GFLOP/s', 'GB/s', 'roof', 'of roof'];
  const timeOf = (seconds) => [(1000 * seconds).toFixed(3), percent(seconds / secondsPerStep)];
  const rows = entries.map(({ kernel, shape, calls, seconds, flops, bytes, roof, rooflineFraction }) => [
    kernel,
    shape,
    (calls / steps).toFixed(calls % steps === 0 ? 0 : 1),
    ...timeOf(seconds / steps),
    flops > 0 ? (flops / seconds / 1e9).toFixed(1) : '',
    (bytes / seconds / 1e9).toFixed(1),
    roof,
    percent(rooflineFraction),
  ]);
  const inKernels = entries.reduce((sum, { seconds }) => sum + seconds, 0) / steps;
  const outside = ['outside kernels', '', '', ...timeOf(secondsPerStep - inKernels), '', '', '', ''];
  return tableText(makeTable('llrrrrrlr', titles, [...rows, outside]));
}

function percent(fraction) {
  return `${(100 * fraction).toFixed(1)}%`;
}
