import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '../../src/model/safetensors.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { pxv, start, type Outcome } from './pxv.js';
import { jsonOf, makeClips, tiny, trainTinyRun } from './tiny-run.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);

let trained: Outcome;
beforeAll(async () => {
  await makeClips(folder.path, 3);
  trained = await trainTinyRun(folder.path, pxv);
}, 120_000);

/** Waits until a file is there. */
async function waitFor(file: string): Promise<void> {
  while (!existsSync(at(file))) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Starts pxv, and sends SIGINT once it has written a file. */
async function interruptOnce(file: string, args: string[]): Promise<{ code: unknown; stderr: string }> {
  const child = start(args, here);
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  const waiting = setInterval(() => {
    if (!existsSync(at(file))) return;
    clearInterval(waiting);
    child.kill('SIGINT');
  }, 20);
  const [code] = (await once(child, 'close')) as unknown[];
  clearInterval(waiting);
  return { code, stderr };
}

describe('pxv train', () => {
  test('trains, and says as JSON what came of it', () => {
    expect(trained.code).toBe(0);
    const json = jsonOf(trained);
    expect(json).toMatchObject({ model: 'run', output: 'run', network: 'pixel-cnn', seed: '1', steps: 3, frames: 12 });
    expect(json).toMatchObject({ backend: 'native', baselines: { uniform: 8 } });
    for (const name of ['seconds', 'secondsPerStep', 'bitsPerDim', 'threads']) expect(json[name]).toBeGreaterThan(0);
  });

  test('writes nothing but the JSON to stdout, and what it does to stderr', () => {
    expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(trained.stderr).toContain('2 clips, 12 frames to train on');
    expect(trained.stderr).toMatch(/validation: clip-\d; run folder: run/);
    expect(trained.stderr).toMatch(
      /\ndecoded frames: \d+ MiB in run.frames, which may be deleted after the training\n/,
    );
  });

  test('leaves a run folder with the configuration, the model, the state and the log', () => {
    expect(readdirSync(at('run')).sort()).toEqual([
      'config.json',
      'data.jsonl',
      'frames',
      'log.jsonl',
      'machine.jsonl',
      'model.safetensors',
      'training.safetensors',
    ]);
    expect(readFileSync(at('run', 'log.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
  });

  slowTest('takes the config.json of a run, and gives the same weights for the same seed', async () => {
    const again = await pxvInProcess(['train', '--config', 'run/config.json', '--out', 'again'], here);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(
      /^trained 3 steps in 0:00:\d\d: again\nbest validation: \d\.\d{3} bits\/dim at step \d/,
    );
    const weights = (run: string) => readFileSync(at(run, 'model.safetensors'));
    expect(weights('again').equals(weights('run'))).toBe(true);
  });

  slowTest('stopped by Ctrl-C saves and ends with exit code 130, and --resume goes on to the last step', async () => {
    const args = ['train', '--frames', 'clips', '--out', 'stopped', ...tiny, '--steps', '100000'];
    const { code, stderr } = await interruptOnce('stopped/log.jsonl', args);
    expect(stderr).toContain('pxv: finishing: saving... (interrupt again to stop at once)');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^pxv: train: .*interrupted at step [1-9]\d*; go on with pxv train --resume --out stopped$/,
    );
    expect(code).toBe(130);
    expect(existsSync(at('stopped', 'model.safetensors'))).toBe(true);

    const logged = () => readFileSync(at('stopped', 'log.jsonl'), 'utf8').trimEnd().split('\n');
    const last = logged().length + 2;
    // From another folder than the one that the clips were named from.
    const resume = ['train', '--resume', '--out', join('..', 'stopped'), '--steps', `${last}`, '--json'];
    const resumed = await pxvInProcess(resume, { cwd: at('clips') });
    expect(jsonOf(resumed)).toMatchObject({ steps: last });
    expect(resumed.stderr).toMatch(/from step \d+/);
    expect(logged().map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
      Array.from({ length: last }, (_, step) => step + 1),
    );
  });
});

slowTest(
  'pxv train saves where what is said on the way is read by nobody any more, as once a tee is gone',
  async () => {
    const child = start(['train', '--frames', 'clips', '--out', 'unread', ...tiny, '--steps', '100000'], here);
    await waitFor('unread/log.jsonl');
    child.stderr!.destroy();
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number | null];
    const steps = readFileSync(at('unread', 'log.jsonl'), 'utf8').trimEnd().split('\n').length;
    const { metadata } = readSafetensors(at('unread', 'training.safetensors'));
    expect({ code, saved: metadata.step }).toEqual({ code: 130, saved: String(steps) });
  },
);

describe('pxv train, killed', () => {
  const args = ['train', '--frames', 'clips', '--out', 'killed', ...tiny, '--steps', '3'];
  let child: ReturnType<typeof start>;
  beforeAll(async () => {
    child = start(args, here);
    await waitFor('killed/training.safetensors');
  });

  slowTest('meanwhile lets no other training into its folder', async () => {
    // Held where it is, so that it does not end first.
    child.kill('SIGSTOP');
    for (const other of [args, ['train', '--resume', '--out', 'killed']]) {
      const { code, stderr } = await pxvInProcess(other, here);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
        new RegExp(`^pxv: lock folder: killed: .* received a lock of process ${child.pid} since`),
      );
      expect(code).toBe(1);
    }
  });

  slowTest('in its first seconds goes on with --resume, to the very state of one that never stopped', async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(readdirSync(at('killed')).filter((name) => name.endsWith('.lock'))).toHaveLength(1);
    const again = await pxvInProcess(args, here);
    expect(again.stderr).toMatch(/killed: expected a folder without a training in it.*; go on with it by --resume/);
    const resumed = await pxvInProcess(['train', '--resume', '--out', 'killed', '--json'], here);
    expect(jsonOf(resumed)).toMatchObject({ steps: 3 });
    const states = ['killed', 'run'].map((run) => readFileSync(at(run, 'training.safetensors')));
    expect(states[0].equals(states[1])).toBe(true);
    expect(readdirSync(at('killed')).sort()).toEqual(readdirSync(at('run')).sort());
  });

  slowTest('is replaced with --overwrite', async () => {
    const replaced = await pxvInProcess([...args, '--overwrite', '--seed', '2', '--json'], here);
    expect(jsonOf(replaced)).toMatchObject({ steps: 3, seed: '2' });
  });
});

slowTest('pxv train with a configuration without a length trains for 20 minutes, as without one', async () => {
  const { model, data } = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(at('no-length.json'), JSON.stringify({ model, data, training: { batch: 2 } }));
  const { code } = await interruptOnce('no-length/log.jsonl', [
    'train',
    '--config',
    'no-length.json',
    '--out',
    'no-length',
  ]);
  const { training } = JSON.parse(readFileSync(at('no-length', 'config.json'), 'utf8')) as Record<string, unknown>;
  expect({ code, training }).toMatchObject({ code: 130, training: { minutes: 20, steps: null, batch: 2 } });
});
