// Measures the peak memory of processes that train, score or draw, and of FFmpeg while it writes a gif, and prints a
// table of it beside the estimates of src/memory/estimate-memory.ts, src/commands/train/training-memory.ts and
// src/video/clip-writer.ts. That of FFmpeg is read from /proc, as Linux has it.
//
// usage: node bench/memory.mjs [--only TEXT]
//   --only   only the configurations whose row contains the text
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import {
  estimateDynamicEvaluationMemory,
  estimateDrawingMemory,
  estimateScoringMemory,
} from '../dist/src/memory/estimate-memory.js';
import { estimateTrainingMemory } from '../dist/src/memory/estimate-training-memory.js';
import { buildChain } from '../dist/src/model/chain.js';
import {
  resizeModel,
  chooseBackend,
  DEFAULT_VIDEO_MODEL,
  describeModel,
  loadModel,
  predictClip,
  runSchema,
  scoreClips,
  trainModel,
} from '../dist/src/index.js';
import { startFfmpeg } from '../dist/src/video/ffmpeg-run.js';
import { videoFrameSize, gifMemory, legibleScale } from '../dist/src/video/index.js';
import { initialiseParameters } from '../dist/src/backend/parameters.js';
import { parseArguments } from './arguments.mjs';

/** what, network, h, layers, head, width, height, batch, previous frames; others of the preset, and roll-outs. */
const configurations = [
  ['train', 'pixel-cnn', 48, 5, 'softmax', 32, 32, 16, 0],
  ['train', 'pixel-cnn', 48, 5, 'logistic-mixture', 64, 64, 8, 2, { frames: 'previous-frames' }],
  ['train', 'pixel-cnn', 48, 5, 'softmax', 320, 240, 1, 0],
  ['train', 'pixel-cnn', 128, 15, 'softmax', 32, 32, 16, 0],
  ['train', 'pixel-cnn', 256, 12, 'logistic-mixture', 16, 16, 16, 0],
  ['train', 'pixel-cnn', 48, 5, 'softmax', 64, 64, 8, 0, { factors: [2] }],
  ['train', 'row-lstm', 48, 5, 'softmax', 64, 64, 8, 0],
  ['train', 'row-lstm', 32, 4, 'logistic-mixture', 160, 120, 3, 3, { frames: 'previous-frames' }],
  ['train', 'diagonal-bilstm', 48, 5, 'softmax', 48, 48, 8, 0, { skips: true }],
  ['train', 'diagonal-bilstm', 32, 4, 'logistic-mixture', 64, 64, 16, 2, { frames: 'previous-frames' }],
  ['train', 'pixel-cnn', 48, 5, 'logistic-mixture', 96, 72, 8, 2, { frames: 'warped-frames' }],
  ['score', 'pixel-cnn', 48, 5, 'logistic-mixture', 160, 120, 8, 2, { frames: 'previous-frames' }],
  ['draw', 'pixel-cnn', 16, 1, 'logistic-mixture', 160, 120, 4, 2, { frames: 'previous-frames' }],
  // As it ships.
  ['train', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 64, 64, 8, 4],
  ['train', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 64, 64, 8, 4, { rollOuts: 2 }],
  ['score', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 64, 64, 8, 4],
  ['score', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 160, 120, 8, 4],
  ['adapt', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 160, 120, 1, 4],
  ['draw', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 160, 120, 4, 4],
  // 4,000 known frames, all of which FFmpeg holds.
  ['gif', DEFAULT_VIDEO_MODEL, 48, 12, 'logistic-mixture', 64, 48, 1, 4],
];
const describe = ([what, network, hidden, layers, head, width, height, batch, context, more = {}]) => {
  const settings = Object.entries(more).map(([key, value]) => (typeof value === 'string' ? value : key));
  const model = [what, network, `${layers} x ${hidden}`, head, ...settings].join(', ');
  return [model, `${width}x${height}`, batch, context].join(' | ');
};
const MiB = 2 ** 20;

/** Returns the peak memory of the children of this process during some work, in bytes. */
async function heldByChildren(run) {
  let most = 0;
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let status = '';
      try {
        status = readFileSync(`/proc/${pid}/status`, 'utf8');
      } catch {
        continue; // The process has ended.
      }
      const number = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      if (number('PPid') === process.pid) most = Math.max(most, 1024 * number('VmHWM'));
    }
  };
  const timer = setInterval(look, 50);
  await run();
  clearInterval(timer);
  return most;
}

/** Writes a gif of a clip that is the one of the examples again and again. @returns MiB: measured, estimated */
async function measureGif(name, size, folder) {
  const clip = join(folder, 'long.mp4');
  const example = fileURLToPath(new URL('../examples/asl_yes.mkv', import.meta.url));
  const filter = `scale=${size.width}:${size.height}:flags=area`;
  const making = await startFfmpeg({
    input: example,
    inputOptions: ['-stream_loop', '-1'],
    outputOptions: ['-vf', filter, '-frames:v', '4000', '-c:v', 'libx264', '-crf', '10'],
    outputPath: clip,
  });
  await making.finished;
  const options = { out: join(folder, 'long.gif'), size, knownFrames: 'all', horizon: 8, forecast: 'best-guess' };
  const bytes = await heldByChildren(() => predictClip(loadModel(name), clip, options));
  const film = videoFrameSize(1, size, legibleScale('gif', size, false), false);
  return [bytes / MiB, gifMemory(4008, film) / MiB];
}

/** Does the work of one configuration in this process. @returns MiB: measured, estimated */
async function measure([what, network, hidden, layers, head, width, height, batch, context, more = {}], folder) {
  await chooseBackend({});
  const size = { width, height };
  const { rollOuts = 0, ...changes } = more;
  if (what === 'gif') return measureGif(network, size, folder);
  const settings = { size, channels: 3, levels: 256, hidden, layers, head, context, ...changes };
  const isShipped = network === DEFAULT_VIDEO_MODEL;
  const description = isShipped ? resizeModel(loadModel(network), size).description : describeModel(network, settings);
  const chain = buildChain(description);
  for (let clip = 0; clip < 3; clip++) {
    mkdirSync(join(folder, `clip-${clip}`), { recursive: true });
    for (let frame = 0; frame < 12; frame++) {
      const noise = { type: 'gaussian', mean: 128, sigma: 30 };
      const image = sharp({ create: { ...size, channels: 3, background: 'black', noise } });
      await image.png().toFile(join(folder, `clip-${clip}`, `${frame}.png`));
    }
  }
  const model = () => ({
    name: 'random',
    description,
    chain,
    weights: initialiseParameters(chain.parameters, 1n),
    step: 0,
    frameRate: null,
    drawing: null,
  });
  let bytes;
  if (what === 'train') {
    const training = { batch, steps: 4, validations: 2, validationExamples: 2 * batch, stages: [{ rollOuts }] };
    const data = context > 0 ? { type: 'clips', frames: [folder] } : { type: 'images', set: folder };
    process.env.PXV_DATA = join(folder, 'cache');
    const configuration = runSchema.parse({ model: description, training, data });
    await trainModel(join(folder, 'run'), configuration);
    bytes = estimateTrainingMemory(configuration);
  } else if (what === 'score' || what === 'adapt') {
    const adapt = what === 'adapt';
    await scoreClips(model(), [folder], { fit: 'crop', horizon: 0, seed: 1, adapt });
    bytes = adapt ? estimateDynamicEvaluationMemory(chain) : estimateScoringMemory(chain, batch);
  } else {
    const settings = { temperature: 1 };
    const options = { horizon: 1, samples: batch, from: null, settings, seed: 1, scale: 1, fit: 'crop' };
    await predictClip(model(), join(folder, 'clip-0'), { ...options, out: join(folder, 'out.png') });
    bytes = estimateDrawingMemory(chain, batch);
  }
  return [process.resourceUsage().maxRSS / 1024, bytes / MiB];
}

const self = fileURLToPath(import.meta.url);
// A process that measures one configuration is started with --one.
const { only, one } = parseArguments({
  options: { only: { type: 'string', default: '' }, one: { type: 'string' } },
}).values;
if (one !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'pxv-memory-'));
  try {
    console.log(JSON.stringify(await measure(configurations[Number(one)], folder)));
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  console.log('| work, network | size | batch | frames given | measured, MiB | estimated, MiB | estimate / measured |');
  for (const [index, configuration] of configurations.entries()) {
    const name = describe(configuration);
    if (!name.includes(only)) continue;
    const { status, stdout, stderr } = spawnSync(process.execPath, [self, '--one', String(index)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const [measured, estimated] = JSON.parse(stdout.trim().split('\n').at(-1));
    console.log(
      `| ${name} | ${measured.toFixed(0)} | ${estimated.toFixed(0)} | ${(estimated / measured).toFixed(2)} |`,
    );
  }
}
