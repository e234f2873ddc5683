// Measures what `train --watch` costs: one training, in which stretches with the page open, as a browser loads it, alternate with stretches
// without. Prints processor time a step of each pair, which a busy machine disturbs less than the clock, and the median of the ratios.
//
// usage: node bench/watch.mjs CLIPS [PAIRS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBackend, configureTraining, trainModel } from '../dist/src/index.js';
import { watchTraining } from '../dist/src/tasks/watch-training.js';

const [clips, pairs = '10'] = process.argv.slice(2);
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
const processorSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
// A server that nobody asks costs nothing: the page is open in every second stretch.
const watched = await watchTraining(run);
let stretch = null;
const costs = [];
const isOpen = () => costs.length % 2 === 1;
// The last one may find the server gone.
const load = () =>
  fetch(watched.address)
    .then((page) => page.text())
    .catch(() => null);
const browser = setInterval(() => isOpen() && void load(), 5000);

function onStep({ step }) {
  // The first steps are slower.
  if (step < 20) return;
  stretch ??= { steps: -1, from: processorSeconds(), until: performance.now() + 1000 * STRETCH };
  stretch.steps++;
  if (performance.now() < stretch.until) return;
  costs.push((processorSeconds() - stretch.from) / stretch.steps);
  stretch = null;
  if (costs.length === 2 * Number(pairs)) done.abort(new Error('enough'));
}

await trainModel(run, configuration, { onStep, signal: done.signal }).catch((error) => {
  if (!done.signal.aborted) throw error;
});
clearInterval(browser);
watched.close();
rmSync(folder, { recursive: true });
const ratios = Array.from({ length: Number(pairs) }, (_, at) => costs[2 * at + 1] / costs[2 * at]);
for (const [at, ratio] of ratios.entries())
  console.log(`${costs[2 * at].toFixed(4)} s alone, ${costs[2 * at + 1].toFixed(4)} s watched: ${ratio.toFixed(3)}`);
console.log(`median ${ratios.sort((a, b) => a - b)[ratios.length >> 1].toFixed(3)}`);
