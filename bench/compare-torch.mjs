// Trains the same networks with PyTorch and with pxv, in turn, and prints how many times faster pxv is.
//
// usage: node bench/compare-torch.mjs [--only TEXT] [--steps N] [--rounds N] [--threads N] [--precision NAME]
//   --only       only the networks whose name contains the text
//   --steps      steps timed in each process (default: 5)
//   --rounds     processes of each side; the fastest counts (default: 1)
//   --precision  of pxv's products, float32 or bf16; PyTorch's are float32 (default: float32)
// PYTHON names a Python with PyTorch (default: python3).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { initialiseParameters } from '../dist/src/backend/parameters.js';
import { describeBenchNetwork } from '../dist/src/bench/network.js';
import { buildChain } from '../dist/src/model/chain.js';
import { saveModel } from '../dist/src/model/checkpoint.js';

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

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    steps: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    threads: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
  },
});

const describe = ({ name, hidden, layers, size, channels }) =>
  `${name}, ${layers} layer${layers === 1 ? '' : 's'}, h = ${hidden}, ${size}x${size}x${channels}`;

// Where the environment tunes OpenBLAS for another CPU, PyTorch would be slower than it can be.
const environment = { ...process.env };
for (const name of ['OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE']) delete environment[name];

/** The JSON object that a program prints last. */
function result(program, args, env) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Writes a network as its training begins. */
function writeModel(path, { name: network, size, 'head-width': headWidth, ...others }) {
  const description = describeBenchNetwork({ ...others, network, headWidth, size: { width: size, height: size } });
  const chain = buildChain(description);
  const weights = initialiseParameters(chain.parameters, 1n);
  saveModel(path, { description, chain, weights, step: 0, frameRate: null, drawing: null, origin: null });
}

function runTorch(model, { batch }) {
  const { threads, steps } = options;
  const env = threads === undefined ? environment : { ...environment, OMP_NUM_THREADS: threads };
  const program = [join(here, 'torch_pixelrnn.py'), model, '--batch', String(batch), '--steps', steps];
  return result(process.env.PYTHON ?? 'python3', program, env);
}

function runPxv({ name, ...settings }) {
  const main = join(here, '..', 'dist', 'cli', 'main.js');
  const flags = Object.entries({ ...settings, steps: options.steps }).flatMap(([flag, value]) => [`--${flag}`, value]);
  const { precision } = options;
  const threads = options.threads === undefined ? [] : ['--threads', options.threads];
  return result(
    process.execPath,
    [main, 'bench', 'train', '--network', name, ...flags.map(String), ...threads, '--precision', precision, '--json'],
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
  const torch = [];
  const pxv = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    torch.push(runTorch(model, network));
    pxv.push(runPxv(network));
  }
  const theirs = fastest(torch);
  const ours = fastest(pxv);
  const ratio = theirs.secondsPerStep / ours.secondsPerStep;
  console.log(
    `${describe(network)}: PyTorch ${theirs.torch} ${theirs.secondsPerStep.toFixed(3)} s, ` +
      `pxv ${ours.secondsPerStep.toFixed(3)} s (${ours.gflops.toFixed(0)} GFLOP/s, ` +
      `${(100 * ours.shareOfPeak).toFixed(0)}% of peak), ratio ${ratio.toFixed(2)}; ` +
      `memory ${theirs.peakMemoryMiB.toFixed(0)} and ${ours.peakMemoryMiB.toFixed(0)} MiB`,
  );
}
