// Times the drawing of a batch of images from a network with random weights.
//
// usage: node bench/draw.mjs [--network NAME] [--hidden H] [--layers L] [--size WxH] [--channels rgb|gray]
//                            [--levels N] [--head-width N] [--batch N] [--tries N] [--seed N] [--backend NAME]
//                            [--instruction-set NAME] [--threads N] [--json]
//   --network, --hidden, --layers   default: a pixel-cnn of 15 layers with 128 features
//   --size                          size of the images, or their side (default: 32x32)
//   --channels, --levels            default: rgb, 256
//   --head-width                    features before the head (default: 2h)
//   --batch                         images drawn at once (default: 16)
//   --tries                         how often the batch is drawn; the fastest counts (default: 3)
//   --json                          print one JSON object
import { initialiseParameters } from '../dist/src/backend/parameters.js';
import { frameBytes } from '../dist/src/foundation/levels.js';
import { buildChain } from '../dist/src/model/chain.js';
import { MODEL_DISTRIBUTION } from '../dist/src/model/sampling-settings.js';
import { ImageEngine } from '../dist/src/sampling/engine.js';
import { parseArguments, wholeNumber } from './arguments.mjs';
import { networkOptions, readNetwork, startBackend } from './network.mjs';

const { values } = parseArguments({ options: { ...networkOptions, tries: { type: 'string', default: '3' } } });
const { description, batch, seed } = readNetwork(values);
const tries = wholeNumber(values, 'tries');
const chosen = await startBackend(values);

const [network] = buildChain(description).scales;
const weights = initialiseParameters(network.parameters, seed);
const engine = new ImageEngine(network, weights);
const times = [];
for (let frame = 0; frame < tries; frame++) {
  const started = performance.now();
  const levels = new Int16Array(batch * frameBytes(network.description)).fill(-1);
  const given = { scale: 0, map: null, anchors: null, references: null, levels };
  await engine.draw(given, { seed, samples: batch, frame, settings: MODEL_DISTRIBUTION });
  times.push((performance.now() - started) / 1000);
}
times.sort((a, b) => a - b);
const result = {
  network: values.network,
  seed: values.seed,
  batch,
  parameters: weights.reduce((sum, { length }) => sum + length, 0),
  seconds: times[0],
  medianSeconds: times[tries >> 1],
  imagesPerSecond: batch / times[0],
  peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
  ...chosen,
};
const { seconds, medianSeconds, imagesPerSecond, peakMemoryMiB } = result;
console.log(
  values.json
    ? JSON.stringify(result)
    : `${seconds.toPrecision(3)} s for a batch of ${batch}, ${imagesPerSecond.toPrecision(3)} images/s ` +
        `(median ${medianSeconds.toPrecision(3)} s)\n${peakMemoryMiB.toFixed(0)} MiB of memory at most`,
);
