import { initialiseParameters } from '../backend/parameters.js';
import { buildChain } from '../model/chain.js';
import { frameBytes } from '../foundation/levels.js';
import { MODEL_DISTRIBUTION } from '../model/sampling-settings.js';
import { ImageEngine } from '../sampling/engine.js';
import { describeBenchNetwork, type BenchNetwork } from './network.js';

/** Options for `benchSample`. */
export interface BenchSampleSettings {
  network: BenchNetwork;
  /** Batch size: images drawn at once. */
  batch: number;
  /** Number of times the batch is drawn. */
  tries: number;
  seed: bigint;
}

/** Result of `benchSample`. */
export interface BenchSampleResult {
  /** Number of parameters of the network. */
  parameters: number;
  /** Shortest time to draw the batch, in seconds. */
  seconds: number;
  /** Median time to draw the batch, in seconds. */
  medianSeconds: number;
  /** Images per second at the shortest time. */
  imagesPerSecond: number;
  /** Peak memory of the process, in MiB. */
  peakMemoryMiB: number;
}

/**
 * Measures the time to draw a batch of images from a network with random weights.
 * @param onProgress called after each drawn row with the number of finished batches, with fractions
 * @throws PxvError `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted
 */
export async function benchSample(
  { network: settings, batch, tries, seed }: BenchSampleSettings,
  onProgress?: (done: number) => void,
  signal?: AbortSignal,
): Promise<BenchSampleResult> {
  const [network] = buildChain(describeBenchNetwork(settings)).scales;
  const weights = initialiseParameters(network.parameters, seed);
  const engine = new ImageEngine(network, weights);
  const times: number[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    const started = performance.now();
    const levels = new Int16Array(batch * frameBytes(network.description)).fill(-1);
    const onRow = (fraction: number) => onProgress?.(attempt + fraction);
    await engine.draw(
      { scale: 0, map: null, anchors: null, references: null, levels },
      { seed, samples: batch, frame: attempt, settings: MODEL_DISTRIBUTION, onRow, signal },
    );
    times.push((performance.now() - started) / 1000);
  }
  times.sort((a, b) => a - b);
  return {
    parameters: weights.reduce((sum, { length }) => sum + length, 0),
    seconds: times[0],
    medianSeconds: times[Math.floor(times.length / 2)],
    imagesPerSecond: batch / times[0],
    peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
  };
}
