// Holds the model of a step's time in docs/clusters.md against trainings of two ranks over links of 1 and 10 Gbit/s. It needs Linux, root (for a
// network of its own, whose loopback is slowed down by tc), Open MPI, and two cores with nothing else to do.
//
// usage: node bench/ranks.mjs CLIPS [STEPS]
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModel } from '../dist/src/index.js';

const [clips, steps = '8'] = process.argv.slice(2);
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pxv-ranks-'));
const NETWORK = 'pxv-bench';
/** Seconds that a message takes, whatever its length: an exchange looks so often whether it is done. */
const LATENCY = 2e-4;
const networks = [
  { name: 'pixel-cnn', layers: 15, hidden: 128 },
  { name: 'row-lstm', layers: 12, hidden: 128 },
  { name: 'diagonal-bilstm', layers: 12, hidden: 128 },
];
const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };

/** The median of a training's steps but the first two, in seconds, and how many parameters it has. */
async function train({ name, layers, hidden }, out, batch, launcher, shards) {
  const run = join(folder, out);
  const given = [
    '--network',
    name,
    '--layers',
    layers,
    '--hidden',
    hidden,
    '--size',
    '32x32',
    '--batch',
    batch,
    '--shards',
    shards,
  ];
  const others = ['--conditioning', 'previous-frames', '--threads', '1', '--steps', steps, '--json', '--overwrite'];
  const args = [
    ...launcher,
    process.execPath,
    main,
    'train',
    '--frames',
    clips,
    ...given.map(String),
    ...others,
    '--out',
    run,
  ];
  await promisify(execFile)(args[0], args.slice(1), { env });
  const logged = readFileSync(join(run, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).seconds);
  const seconds = logged.slice(2).sort((a, b) => a - b);
  const parameters = loadModel(run).weights.reduce((sum, { length }) => sum + length, 0);
  return { seconds: seconds[seconds.length >> 1], parameters };
}

execFileSync('ip', ['netns', 'add', NETWORK]);
const inside = ['ip', 'netns', 'exec', NETWORK];
try {
  execFileSync('ip', ['-n', NETWORK, 'link', 'set', 'lo', 'up']);
  for (const network of networks) {
    // Both cores are busy, as those of two ranks are.
    const halves = await Promise.all(['a', 'b'].map((out) => train(network, out, 8, ['env'], 1)));
    const own = Math.max(...halves.map(({ seconds }) => seconds));
    const { parameters } = halves[0];
    for (const gigabits of [1, 10]) {
      // What both ranks send goes through the one loopback.
      const slowed = ['rate', `${2 * gigabits}gbit`, 'burst', '1mb', 'latency', '50ms'];
      execFileSync('tc', ['-n', NETWORK, 'qdisc', 'replace', 'dev', 'lo', 'root', 'tbf', ...slowed]);
      const overTcp = [
        ...inside,
        'mpirun.openmpi',
        '-n',
        '2',
        '--oversubscribe',
        '--mca',
        'btl',
        'tcp,self',
        '--mca',
        'btl_tcp_if_include',
        'lo',
        '--mca',
        'pml',
        'ob1',
      ];
      const { seconds } = await train(network, 'two', 16, overTcp, 2);
      const model = own + 2 * LATENCY + (4 * parameters) / (gigabits * 1.25e8);
      const figures = `${seconds.toFixed(3)} s a step, by the model ${model.toFixed(3)}: ${(seconds / model).toFixed(2)}`;
      console.log(`${network.name}, ${gigabits} Gbit/s: ${figures} (${own.toFixed(3)} s without ranks)`);
    }
  }
} finally {
  execFileSync('ip', ['netns', 'del', NETWORK]);
  rmSync(folder, { recursive: true });
}
