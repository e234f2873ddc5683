// Draws frames from a video model at several sizes, in turn, and prints a table of wall times and of processor
// times in user mode, which other programs disturb less; then the most memory
// that a process of its own holds while it draws one, beside what src/memory/estimate-memory.ts estimates.
//
// usage: node bench/sizes.mjs [MODEL] [ROUNDS]
//   MODEL    run folder or name; default the video model that predict takes
//   ROUNDS   frames drawn at each size, of which the fastest counts; default 5
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  resizeModel,
  chooseBackend,
  DEFAULT_VIDEO_MODEL,
  FrameHistory,
  FrameSampler,
  loadModel,
} from '../dist/src/index.js';
import { estimateDrawingMemory } from '../dist/src/memory/estimate-memory.js';
import { parseArguments } from './arguments.mjs';

const sizes = [
  [64, 64],
  [128, 72],
  [256, 144],
  [512, 288],
];

const self = fileURLToPath(import.meta.url);
// A process that measures the memory of one size is started with --one.
const { values, positionals } = parseArguments({ options: { one: { type: 'string' } }, positionals: [0, 2] });
const [name = DEFAULT_VIDEO_MODEL, rounds = '5'] = positionals;

/** A sampler at a size, with four frames of waves that move before the one to draw. */
function prepare([width, height]) {
  const model = resizeModel(loadModel(name), { width, height });
  const history = new FrameHistory(model.chain.exampleShape);
  const level = (x, y, t, c) => 128 + 60 * Math.sin((x + 2 * t) / 7) + 50 * Math.cos((y - t) / 9) + 5 * c;
  for (let t = 0; t < 4; t++) {
    const pixel = (at) => Math.floor(at / 3);
    const byte = (at) => level(pixel(at) % width, Math.floor(pixel(at) / width), t, at % 3);
    history.push(Uint8Array.from({ length: width * height * 3 }, (_, at) => byte(at)));
  }
  return { model, history, sampler: new FrameSampler(model) };
}

/** Seconds that one frame takes, conditioning and all: of the wall and of processors. */
async function draw({ history, sampler }, frame) {
  const started = performance.now();
  const used = process.cpuUsage();
  const settings = { temperature: 1 };
  await sampler.draw(FrameHistory.examples([history]), { seed: 1, samples: 1, frame, settings });
  return [(performance.now() - started) / 1000, process.cpuUsage(used).user / 1e6];
}

await chooseBackend({});
if (values.one !== undefined) {
  const prepared = prepare(sizes[Number(values.one)]);
  await draw(prepared, 4);
  const MiB = 2 ** 20;
  const estimated = estimateDrawingMemory(prepared.model.chain, 1) / MiB;
  console.log(JSON.stringify([process.resourceUsage().maxRSS / 1024, estimated]));
} else {
  // First, since a process that is started begins with the peak of the one that starts it.
  const peaks = sizes.map((_, index) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [self, '--one', String(index), name], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${sizes[index].join('x')}: ${stderr}`);
    return JSON.parse(stdout);
  });
  const prepared = sizes.map(prepare);
  const times = sizes.map(() => []);
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [index, one] of prepared.entries()) {
      const seconds = await draw(one, 4 + round);
      // The first round fills the pool.
      if (round > 0) times[index].push(seconds);
    }
  }
  const fastest = [0, 1].map((clock) => times.map((all) => Math.min(...all.map((pair) => pair[clock]))));
  console.log('| size | pixels | s a frame | times | s of processors | times | measured, MiB | estimated, MiB |');
  for (const [index, [width, height]] of sizes.entries()) {
    const pixels = ((width * height) / 64 ** 2).toFixed(2);
    const clocks = fastest.map((all) => `${all[index].toFixed(3)} | ${(all[index] / all[0]).toFixed(2)}`);
    const memory = peaks[index].map((value) => value.toFixed(0));
    console.log(`| ${[`${width}x${height}`, pixels, ...clocks, ...memory].join(' | ')} |`);
  }
}
