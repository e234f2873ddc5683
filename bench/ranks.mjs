// Times trainings of two ranks beside one process of two threads, and holds the model of a step's time in
// docs/clusters.md against links of 1 and 10 Gbit/s. It needs Linux, root (for a network of its own, whose loopback is
// slowed down by tc), Open MPI, and two cores with nothing else to do.
//
// usage: node bench/ranks.mjs CLIPS [STEPS]
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadModel } from '../dist/src/index.js';
import { parseArguments } from './arguments.mjs';

const [clips, steps = '8'] = parseArguments({ positionals: [1, 2] }).positionals;
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

/** Returns the median time of a training's steps but the first two, in seconds, and its number of parameters. */
async function train(launcher, { name, layers, hidden }, { out, batch, shards, threads = 1 }) {
  const run = join(folder, out);
  const network = `--network ${name} --layers ${layers} --hidden ${hidden} --size 32x32 --conditioning previous-frames`;
  const work = `--batch ${batch} --shards ${shards} --threads ${threads} --steps ${steps} --json --overwrite`;
  const words = `${launcher} ${process.execPath} ${main} train ${network} ${work}`.trim().split(' ');
  await promisify(execFile)(words[0], [...words.slice(1), '--frames', clips, '--out', run], { env });
  const lines = readFileSync(join(run, 'log.jsonl'), 'utf8').trim().split('\n');
  const seconds = lines.slice(2).map((line) => JSON.parse(line).seconds);
  const parameters = loadModel(run).weights.reduce((sum, { length }) => sum + length, 0);
  return { seconds: seconds.sort((a, b) => a - b)[seconds.length >> 1], parameters };
}

execFileSync('ip', ['netns', 'add', NETWORK]);
const together = 'mpirun.openmpi -n 2 --oversubscribe';
const overTcp = `ip netns exec ${NETWORK} ${together} --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include lo`;
try {
  execFileSync('ip', ['-n', NETWORK, 'link', 'set', 'lo', 'up']);
  for (const network of networks) {
    const whole = { out: 'whole', batch: 16, shards: 2 };
    const one = await train('', network, { ...whole, threads: 2 });
    const two = await train(together, network, whole);
    const { parameters } = one;
    const ratio = two.seconds / one.seconds;
    console.log(`${network.name}, ${(parameters / 1e6).toFixed(1)} M parameters`);
    console.log(
      `  one process ${one.seconds.toFixed(3)} s a step, two ranks ${two.seconds.toFixed(3)}: ${ratio.toFixed(2)}`,
    );
    // Both cores are busy, as those of two ranks are.
    const halves = ['a', 'b'].map((out) => train('', network, { out, batch: 8, shards: 1 }));
    const own = Math.max(...(await Promise.all(halves)).map(({ seconds }) => seconds));
    console.log(`  a shard and the update ${own.toFixed(3)} s`);
    for (const gigabits of [1, 10]) {
      // Both ranks send through the one loopback.
      const slowed = `rate ${2 * gigabits}gbit burst 1mb latency 50ms`.split(' ');
      execFileSync('tc', ['-n', NETWORK, 'qdisc', 'replace', 'dev', 'lo', 'root', 'tbf', ...slowed]);
      const { seconds } = await train(overTcp, network, whole);
      const model = own + 2 * LATENCY + (4 * parameters) / (gigabits * 1.25e8);
      const ratio = (seconds / model).toFixed(2);
      const figures = `${seconds.toFixed(3)} s a step, by the model ${model.toFixed(3)}: ${ratio}`;
      console.log(`  ${gigabits} Gbit/s ${figures}`);
    }
  }
} finally {
  execFileSync('ip', ['netns', 'del', NETWORK]);
  rmSync(folder, { recursive: true });
}
