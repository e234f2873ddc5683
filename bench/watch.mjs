// Measures what `train --watch` costs: one training, in which stretches with the page open, as a browser loads it,
// alternate with stretches without. Prints seconds a step of each pair, and the median of the ratios. It needs a
// machine with nothing else to do: pages are drawn by the clock, so that they take a larger part of the little that a
// busy machine leaves.
//
// usage: node bench/watch.mjs CLIPS [PAIRS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBackend, configureTraining, trainModel } from '../dist/src/index.js';
import { watchTraining } from '../dist/src/commands/train/watch-training.js';
import { parseArguments } from './arguments.mjs';

const [clips, pairs = '10'] = parseArguments({ positionals: [1, 2] }).positionals;
/** Seconds of a stretch: a browser loads the page every five. */
const STRETCH = 15;

const folder = mkdtempSync(join(tmpdir(), 'pxv-watch-'));
const run = join(folder, 'run');
await chooseBackend({ threads: 1 });
const configuration = await configureTraining({
  data: { type: 'clips', frames: [clips] },
  model: { size: { width: 32, height: 32 }, hidden: 24, layers: 2 },
  training: { steps: 1_000_000, batch: 4 },
});

const done = new AbortController();
// A server that nobody asks costs nothing: the page is open in one stretch of each pair, in every second pair the
// first, so that a machine that gets faster or slower favours neither.
const watched = await watchTraining(run);
let stretch = null;
const costs = [];
const isOpen = () => [1, 2].includes(costs.length % 4);
// The last one may find the server gone.
const load = () =>
  fetch(watched.address)
    .then((page) => page.text())
    .catch(() => null);
const browser = setInterval(() => isOpen() && void load(), 5000);

function onStep({ step }) {
  // The first steps are slower.
  if (step < 20) return;
  stretch ??= { steps: -1, from: performance.now() };
  stretch.steps++;
  const seconds = (performance.now() - stretch.from) / 1000;
  if (seconds < STRETCH) return;
  costs.push(seconds / stretch.steps);
  stretch = null;
  if (costs.length === 2 * Number(pairs)) done.abort(new Error('enough'));
}

await trainModel(run, configuration, { onStep, signal: done.signal }).catch((error) => {
  if (!done.signal.aborted) throw error;
});
clearInterval(browser);
watched.close();
rmSync(folder, { recursive: true });
const ratios = Array.from({ length: Number(pairs) }, (_, at) => {
  const pair = [costs[2 * at], costs[2 * at + 1]];
  const [alone, open] = at % 2 === 0 ? pair : pair.toReversed();
  console.log(`${alone.toFixed(4)} s alone, ${open.toFixed(4)} s watched: ${(open / alone).toFixed(3)}`);
  return open / alone;
}).sort((a, b) => a - b);
const median = (ratios[(ratios.length - 1) >> 1] + ratios[ratios.length >> 1]) / 2;
console.log(`median ${median.toFixed(3)}, from ${ratios[0].toFixed(3)} to ${ratios.at(-1).toFixed(3)}`);
