// Trains the same networks with PyTorch and with pxv, in turn, and prints how many times faster pxv is than the fastest
// PyTorch. PyTorch runs eager and compiled, and for bf16 also in float32, of each version that is named. On a GPU, pxv
// trains with `--backend webgpu`.
//
// usage: node bench/compare-torch.mjs [--only TEXT] [--steps N] [--rounds N] [--threads N] [--precision NAME]...
//                                     [--python PATH]... [--minutes N] [--device NAME]
//   --only       only the networks whose name contains the text
//   --steps      steps timed in each process (default: 5)
//   --rounds     processes of each side; the fastest counts (default: 1)
//   --precision  float32 or bf16; PyTorch's bf16 is autocast (default: both; on a GPU
//                float32, the only one of WebGPU)
//   --python     Python with PyTorch, such as venv/bin/python; one for each version (default: python3)
//   --minutes    most minutes of one process of PyTorch, since compilation of the LSTMs takes long (default: 20)
//   --device     cpu or gpu (default: cpu)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initialiseParameters } from '../dist/src/backend/parameters.js';
import { buildChain } from '../dist/src/model/chain.js';
import { saveModel } from '../dist/src/model/checkpoint.js';
import { parseArguments, refuseArguments } from './arguments.mjs';
import { describeNetwork } from './network.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const cifar = { hidden: 128, batch: 16, size: 32, channels: 3, levels: 256, 'head-width': 256 };
const mnist = { batch: 16, size: 28, channels: 1, levels: 2, 'head-width': 32 };
const networks = [
  { name: 'pixel-cnn', layers: 15, ...cifar },
  { name: 'row-lstm', layers: 12, ...cifar },
  { name: 'diagonal-bilstm', layers: 12, ...cifar },
  { name: 'diagonal-bilstm', hidden: 16, layers: 7, ...mnist },
  { name: 'diagonal-bilstm', hidden: 32, layers: 1, ...mnist },
];

const { values: options } = parseArguments({
  options: {
    only: { type: 'string', default: '' },
    steps: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    threads: { type: 'string' },
    precision: { type: 'string', multiple: true },
    python: { type: 'string', multiple: true, default: ['python3'] },
    minutes: { type: 'string', default: '20' },
    device: { type: 'string', default: 'cpu' },
  },
});
if (!['cpu', 'gpu'].includes(options.device))
  refuseArguments(`--device: expected cpu or gpu, received ${options.device}`);
const onGpu = options.device === 'gpu';
const precisions = options.precision ?? (onGpu ? ['float32'] : ['float32', 'bf16']);

const describe = ({ name, hidden, layers, size, channels }) =>
  `${name}, ${layers} layer${layers === 1 ? '' : 's'}, h = ${hidden}, ${size}x${size}x${channels}`;

// Where the environment tunes OpenBLAS for another CPU, PyTorch would be slower than it can be.
const environment = { ...process.env };
for (const name of ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE']) delete environment[name];

/** Returns the JSON object that a program prints last. */
function result(program, args, env, timeout) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env, timeout });
  if (error?.code === 'ENOENT') throw new Error(`${program} cannot be run: ${error.message}`);
  const why = signal === null ? stderr.trim().split('\n').at(-1) : `took longer than ${timeout / 60_000} minutes`;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${why}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Writes a network as its training begins. */
function writeModel(path, { name: network, size, 'head-width': headWidth, ...others }) {
  const description = describeNetwork({ ...others, network, headWidth, size: { width: size, height: size } });
  const chain = buildChain(description);
  const weights = initialiseParameters(chain.parameters, 1n);
  saveModel(path, { description, chain, weights, step: 0, frameRate: null, drawing: null, origin: null });
}

/** Returns the ways in which PyTorch trains at a precision. At bf16 its float32 may be the faster. */
function variantsOf(precision) {
  return options.python.flatMap((python) =>
    ['float32', precision]
      .filter((name, at, all) => all.indexOf(name) === at)
      .flatMap((name) => [
        { python, precision: name, compiled: false },
        { python, precision: name, compiled: true },
      ]),
  );
}

/** Returns what PyTorch takes, or null if it fails or takes too long; says so. */
function runTorch(model, { batch }, { python, precision, compiled }) {
  const { threads, steps } = options;
  const env = threads === undefined ? environment : { ...environment, OMP_NUM_THREADS: threads };
  const flags = ['--batch', String(batch), '--steps', steps, '--precision', precision, '--device', options.device];
  const program = [join(here, 'torch_pixelrnn.py'), model, ...flags, ...(compiled ? ['--compile'] : [])];
  try {
    const found = result(python, program, env, 60_000 * Number(options.minutes));
    return { ...found, variant: `${found.torch} ${precision} ${compiled ? 'compiled' : 'eager'}` };
  } catch (error) {
    console.error(error.message);
    return null;
  }
}

function runPxv({ name: network, ...settings }, precision) {
  const flags = Object.entries({ network, ...settings, steps: options.steps, precision });
  const args = flags.flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const threads = options.threads === undefined ? [] : ['--threads', options.threads];
  const backend = onGpu ? ['--backend', 'webgpu'] : [];
  return result(
    process.execPath,
    [join(here, 'train-step.mjs'), ...args, ...threads, ...backend, '--json'],
    environment,
  );
}

const fastest = (results) => results.reduce((best, each) => (each.secondsPerStep < best.secondsPerStep ? each : best));

const folder = mkdtempSync(join(tmpdir(), 'pxv-torch-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const model = join(folder, 'model.safetensors');

for (const network of networks) {
  if (!describe(network).includes(options.only)) continue;
  writeModel(model, network);
  for (const precision of precisions) compare(network, precision);
}

/** Times one network in turn, and prints the ratio and all times of PyTorch. */
function compare(network, precision) {
  const torch = [];
  const pxv = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const variant of variantsOf(precision)) torch.push(runTorch(model, network, variant));
    pxv.push(runPxv(network, precision));
  }
  const timed = torch.filter((found) => found !== null);
  if (timed.length === 0) throw new Error('no PyTorch trains: give one with --python');
  const theirs = fastest(timed);
  const ours = fastest(pxv);
  const ratio = theirs.secondsPerStep / ours.secondsPerStep;
  // Kernels of a GPU are not profiled.
  const work = onGpu ? '' : ` (${ours.gflops.toFixed(0)} GFLOP/s, ${(100 * ours.shareOfPeak).toFixed(0)}% of peak)`;
  console.log(
    `${describe(network)}: PyTorch ${theirs.variant} ${theirs.secondsPerStep.toFixed(3)} s, ` +
      `pxv ${precision} ${ours.secondsPerStep.toFixed(3)} s${work}, ratio ${ratio.toFixed(2)}; ` +
      `memory ${theirs.peakMemoryMiB.toFixed(0)} and ${ours.peakMemoryMiB.toFixed(0)} MiB`,
  );
  for (const { variant, secondsPerStep } of timed) console.log(`  ${variant} ${secondsPerStep.toFixed(3)} s`);
}
