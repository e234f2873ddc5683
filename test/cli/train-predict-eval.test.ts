import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Frame } from '../../src/foundation/frame.js';
import type { VideoScore } from '../../src/evaluate/score-clips.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { openClip } from '../../src/video/index.js';
import { collect, temporaryFolder } from '../video/made-clips.js';
import { pxv, start, type Outcome } from './pxv.js';
import { jsonOf, makeClips, movingSquare, size, tiny, trainTinyRun } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);

let trained: Outcome;
beforeAll(async () => {
  await makeClips(folder.path, 3);
  trained = await trainTinyRun(folder.path, pxv);
}, 120_000);

const framesOf = async (path: string, width = size.width, height = size.height): Promise<Frame[]> => {
  const reader = await openClip(at(path), { size: { width, height }, channels: 3, fit: 'crop' });
  return collect(reader.frames());
};
const bytesOf = (frames: Frame[]) => frames.map(({ data }) => Buffer.from(data));

/** The part of a frame between two columns. */
function columns({ width, height, data }: Frame, from: number, to: number): Buffer {
  const rows = Array.from({ length: height }, (_, y) => data.subarray((y * width + from) * 3, (y * width + to) * 3));
  return Buffer.concat(rows);
}

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
    expect(trained.stderr).toContain('2 clips, 12 frames to learn from');
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

  test('takes the config.json of a run, and gives the same weights for the same seed', async () => {
    const again = await pxv(['train', '--config', 'run/config.json', '--out', 'again'], here);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(
      /^trained 3 steps in 0:00:\d\d: again\nbest validation: \d\.\d{3} bits\/dim at step \d/,
    );
    const weights = (run: string) => readFileSync(at(run, 'model.safetensors'));
    expect(weights('again').equals(weights('run'))).toBe(true);
  });

  test('stopped by Ctrl-C saves and ends with exit code 130, and --resume goes on to the last step', async () => {
    const args = ['train', '--frames', 'clips', '--out', 'stopped', ...tiny, '--steps', '60'];
    const { code, stderr } = await interruptOnce('stopped/log.jsonl', args);
    expect(stderr).toContain('pxv: finishing: saving... (interrupt again to stop at once)');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^pxv: train: .*received SIGINT; go on with pxv train --resume --out stopped$/,
    );
    expect(code).toBe(130);
    expect(existsSync(at('stopped', 'model.safetensors'))).toBe(true);

    // From another folder than the one that the clips were named from.
    const resumed = await pxv(['train', '--resume', '--out', join('..', 'stopped'), '--json'], { cwd: at('clips') });
    expect(jsonOf(resumed)).toMatchObject({ steps: 60 });
    expect(resumed.stderr).toMatch(/from step \d+/);
    const steps = readFileSync(at('stopped', 'log.jsonl'), 'utf8').trimEnd().split('\n');
    expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
      Array.from({ length: 60 }, (_, step) => step + 1),
    );
  });
});

test('pxv train saves where what is said on the way is read by nobody any more, as once a tee is gone', async () => {
  const child = start(['train', '--frames', 'clips', '--out', 'unread', ...tiny, '--steps', '100000'], here);
  await waitFor('unread/log.jsonl');
  child.stderr!.destroy();
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  const steps = readFileSync(at('unread', 'log.jsonl'), 'utf8').trimEnd().split('\n').length;
  const { metadata } = readSafetensors(at('unread', 'training.safetensors'));
  expect({ code, saved: metadata.step }).toEqual({ code: 130, saved: String(steps) });
});

describe('pxv train, killed', () => {
  const args = ['train', '--frames', 'clips', '--out', 'killed', ...tiny, '--steps', '3'];
  let child: ReturnType<typeof start>;
  beforeAll(async () => {
    child = start(args, here);
    await waitFor('killed/training.safetensors');
  });

  test('meanwhile lets no other training into its folder', async () => {
    // Held where it is, so that it does not end first.
    child.kill('SIGSTOP');
    const others = await Promise.all([pxv(args, here), pxv(['train', '--resume', '--out', 'killed'], here)]);
    for (const { code, stderr } of others) {
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
        new RegExp(`^pxv: lock folder: killed: .* received one that process ${child.pid} has been in since`),
      );
      expect(code).toBe(1);
    }
  });

  test('in its first seconds goes on with --resume, to the very state of one that never stopped', async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(readdirSync(at('killed')).filter((name) => name.endsWith('.lock'))).toHaveLength(1);
    const again = await pxv(args, here);
    expect(again.stderr).toMatch(/killed: expected a folder without a training in it.*; go on with it by --resume/);
    const resumed = await pxv(['train', '--resume', '--out', 'killed', '--json'], here);
    expect(jsonOf(resumed)).toMatchObject({ steps: 3 });
    const states = ['killed', 'run'].map((run) => readFileSync(at(run, 'training.safetensors')));
    expect(states[0].equals(states[1])).toBe(true);
    expect(readdirSync(at('killed')).sort()).toEqual(readdirSync(at('run')).sort());
  });

  test('is replaced with --overwrite', async () => {
    const replaced = await pxv([...args, '--overwrite', '--seed', '2', '--json'], here);
    expect(jsonOf(replaced)).toMatchObject({ steps: 3, seed: '2' });
  });
});

test('pxv train with a configuration that says nothing of the length trains for 20 minutes, as without one', async () => {
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

describe('pxv predict', () => {
  const predict = (...args: string[]) => pxv(['predict', 'clips/clip-0', '--model', 'run', '--json', ...args], here);

  test('writes the frames of the clip, as they are, and then the predicted ones', async () => {
    const outcome = await predict('--next', '2', '--out', 'future', '--temperature', '0.9');
    expect(outcome.code).toBe(0);
    expect(jsonOf(outcome)).toMatchObject({
      model: 'run',
      seed: '1',
      output: 'future',
      frames: 8,
      known: 6,
      predicted: 2,
      samples: 1,
      context: 4,
      width: 16,
      height: 12,
      channels: 3,
      backend: 'native',
      forecast: 'samples',
      ...{ temperature: 0.9, warming: 0.035, carry: 0.25 },
    });
    expect(jsonOf(outcome).seconds).toBeGreaterThan(0);
    expect(jsonOf(outcome).bitsPerDim).toBeGreaterThan(0);
    const frames = await framesOf('future/sample-1');
    expect(frames).toHaveLength(8);
    expect(bytesOf(frames.slice(0, 6))).toEqual(bytesOf(movingSquare(0, 6)));
    expect(bytesOf(frames)[7]).not.toEqual(bytesOf(frames)[6]);
  });

  test('makes a best guess without chance, in one panel', async () => {
    const guesses = await Promise.all(
      ['1', '2'].map(async (seed) => {
        const outcome = await predict('--next', '2', '--best-guess', '--out', `guess-${seed}`, '--seed', seed);
        expect(jsonOf(outcome)).toMatchObject({ predicted: 2, forecast: 'best-guess', bitsPerDim: null });
        expect(jsonOf(outcome)).not.toHaveProperty('temperature');
        return bytesOf(await framesOf(`guess-${seed}/best-guess`));
      }),
    );
    expect(guesses[0]).toEqual(guesses[1]);
  });

  test('a best guess takes no samples', async () => {
    for (const asked of [
      ['--samples', '2'],
      ['--temperature', '0.5'],
    ]) {
      const { code, stderr } = await predict('--best-guess', ...asked);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/--best-guess/) as string });
    }
  });

  test('gives the same bytes for the same seed, on any number of threads, and others for another seed', async () => {
    await predict('--next', '2', '--out', 'once', '--threads', '1');
    await predict('--next', '2', '--out', 'twice', '--threads', '2');
    await predict('--next', '2', '--out', 'other', '--seed', '2');
    const [once, twice, other] = await Promise.all(
      ['once', 'twice', 'other'].map(async (name) => bytesOf(await framesOf(`${name}/sample-1`))),
    );
    expect(once).toEqual(twice);
    expect(other.slice(0, 6)).toEqual(once.slice(0, 6));
    expect(other[6]).not.toEqual(once[6]);
  });

  test('with --from writes the true frames, as far as they go, and with --samples several futures', async () => {
    const outcome = await predict('--from', '4', '--next', '3', '--samples', '2', '--out', 'beside');
    expect(jsonOf(outcome)).toMatchObject({ frames: 7, known: 4, predicted: 3, samples: 2 });
    expect(readdirSync(at('beside')).sort()).toEqual(['sample-1', 'sample-2', 'truth']);
    const panels = await Promise.all(['truth', 'sample-1', 'sample-2'].map((panel) => framesOf(`beside/${panel}`)));
    const [truth, first, second] = panels.map(bytesOf);
    // After the clip's last frame there is no truth.
    expect(truth).toEqual(bytesOf(movingSquare(0, 6)));
    for (const future of [first, second]) expect(future.slice(0, 4)).toEqual(truth.slice(0, 4));
    for (const index of [4, 5, 6]) expect(first[index]).not.toEqual(second[index]);
  });

  test('with --plain glues the bare frames side by side, with --known 0 the future alone', async () => {
    const asked = ['--from', '4', '--next', '2', '--plain', '--known', '0'];
    const outcome = await predict(...asked, '--out', 'bare.png');
    expect(jsonOf(outcome)).toMatchObject({ frames: 2, known: 4, predicted: 2 });
    const { data, info } = await sharp(at('bare.png')).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    // Two frames of two panels, with two pixels around each.
    expect([info.width, info.height]).toEqual([2 * (2 * 16 + 2) + 2, 12 + 4]);
    const truth = bytesOf(movingSquare(0, 6)).slice(4);
    const sheet: Frame = { width: info.width, height: info.height, channels: 3, data };
    const panel = (index: number) => {
      const all = columns(sheet, 2 + 34 * index, 18 + 34 * index);
      return all.subarray(2 * 16 * 3, 14 * 16 * 3);
    };
    expect([panel(0), panel(1)]).toEqual(truth);
    await predict('--from', '4', '--next', '2', '--known', '0', '--out', 'alone');
    expect(readdirSync(at('alone', 'sample-1'))).toEqual(['00004.png', '00005.png']);
  });

  test('the first future of several is the one that is drawn alone', async () => {
    await predict('--next', '2', '--out', 'one');
    await predict('--next', '2', '--samples', '2', '--out', 'together');
    const [one, together] = [await framesOf('one/sample-1'), await framesOf('together/sample-1')];
    expect(bytesOf(together)).toEqual(bytesOf(one));
  });

  test('writes a video that plays, slower with --slow, and says in it what it shows', async () => {
    const outcome = await predict('--next', '1', '--out', 'future.mp4', '--scale', '3', '--slow', '5');
    expect(jsonOf(outcome)).toMatchObject({ output: 'future.mp4', frames: 7, frameRate: 25 });
    const clip = await openClip(at('future.mp4'), { size: { width: 48, height: 36 }, channels: 3 });
    expect(clip.frameRate).toEqual({ numerator: 5, denominator: 1 });
    expect(clip.sourceSize.height).toBeGreaterThan(36 + 2 * 8);
    expect(await collect(clip.frames())).toHaveLength(7);
    await predict('--next', '1', '--out', 'plain.mp4', '--scale', '3', '--plain');
    const plain = await openClip(at('plain.mp4'), { size: { width: 48, height: 36 }, channels: 3 });
    expect(plain.sourceSize).toEqual({ width: 48, height: 36 });
  });

  test('says without --json in one line what it wrote', async () => {
    const said = async (...more: string[]) =>
      (await pxv(['predict', 'clips/clip-0', '--model', 'run', '--next', '1', ...more], here)).stdout;
    expect(await said('--out', 'text.png')).toMatch(
      /^text\.png: 6 frames of clips\/clip-0, then 1 predicted by run in \d+\.\d s\n$/,
    );
    expect(await said('--out', 'after.png', '--known', '0')).toMatch(
      /^after\.png: after 6 frames of clips\/clip-0, the 1 predicted by run in /,
    );
  });
});

describe('pxv eval-video', () => {
  test('scores each clip and all together, and gives the baselines and the predicted frames beside', async () => {
    const asked = ['--horizon', '1', '--starts', '2', '--samples', '2', '--codecs'];
    const outcome = await pxv(['eval-video', 'clips', '--model', 'run', ...asked, '--json'], here);
    expect(outcome.code).toBe(0);
    const json = jsonOf(outcome);
    // Every frame but the first of three clips of six.
    expect(json).toMatchObject({ model: 'run', seed: '1', context: 4, frames: 18, dimensions: 3 * 5 * 16 * 12 * 3 });
    expect(json).toMatchObject({ temperature: 0.95, warming: 0.035, carry: 0.25 });
    const { bitsPerDim, standardError, baselines, forecasts, clips } = json as unknown as VideoScore;
    expect(baselines.uniform).toBe(8);
    expect(baselines['previous-frame']).toBeGreaterThan(0);
    expect(baselines['lossless-codec']).toBeGreaterThan(0);
    expect(clips.map(({ name, frames }) => [name, frames])).toEqual([0, 1, 2].map((clip) => [`clip-${clip}`, 6]));
    expect(bitsPerDim).toBeCloseTo(clips.reduce((sum, clip) => sum + clip.bitsPerDim, 0) / 3, 9);
    expect(standardError).toBeGreaterThan(0);
    expect(json).toMatchObject({ horizon: 1, samples: 2, forecasts: { clips: 3, starts: 6 } });
    for (const name of ['last-frame', 'moved-last-frame', 'sample', 'mean', 'best', 'worst'] as const) {
      const { psnr, ssim, gain, wins, changeRatio } = forecasts!.kinds[name]!;
      const lists = [psnr, ssim, gain.mean, gain.standardError, wins, changeRatio];
      expect(lists.map((list) => list?.length)).toEqual([1, 1, 1, 1, 1, 1]);
    }
    expect(clips[0].forecasts?.starts).toEqual([4, 5]);
  });

  test('scores the clip that validated as the training did', async () => {
    const name = /validation: (clip-\d)/.exec(trained.stderr)![1];
    const outcome = await pxv(['eval-video', `clips/${name}`, '--model', 'run', '--horizon', '0', '--json'], here);
    expect(jsonOf(outcome).bitsPerDim).toBeCloseTo(jsonOf(trained).bitsPerDim as number, 5);
    // One clip tells nothing of the spread.
    expect(jsonOf(outcome)).toMatchObject({ standardError: null, forecasts: null, codecs: null });
  });

  test('with --adapt learns from what is scored, and says so', async () => {
    const asked = ['eval-video', 'clips/clip-1', '--model', 'run', '--horizon', '0'];
    const [kept, adapted] = [await pxv([...asked, '--json'], here), await pxv([...asked, '--adapt', '--json'], here)];
    expect([jsonOf(kept).adapted, jsonOf(adapted).adapted]).toEqual([false, true]);
    expect(jsonOf(adapted).bitsPerDim).toBeLessThan(jsonOf(kept).bitsPerDim as number);
    const { stdout } = await pxv([...asked, '--adapt'], here);
    expect(stdout).toMatch(/given the true ones before it, which the model has learned from$/m);
  });

  test('goes on without a clip that cannot be read, with one warning, and lists it', async () => {
    cpSync(at('clips', 'clip-1'), at('partly', 'clip-1'), { recursive: true });
    writeFileSync(at('partly', 'bad.mp4'), 'no film');
    const outcome = await pxv(['eval-video', 'partly', '--model', 'run', '--horizon', '0', '--json'], here);
    expect(outcome.stderr).toMatch(/^pxv: warning: bad\.mp4: left out: read video: .*bad\.mp4: expected a video .*$/m);
    const { leftOut, notReached, clips } = jsonOf(outcome) as Record<'leftOut' | 'clips', { name: string }[]> &
      Record<string, unknown>;
    const names = (list: { name: string }[]) => list.map(({ name }) => name);
    expect([outcome.code, names(clips), names(leftOut), notReached]).toEqual([0, ['clip-1'], ['bad.mp4'], 0]);
    const named = ['eval-video', 'partly/bad.mp4', 'partly/clip-1', '--model', 'run', '--horizon', '0', '--json'];
    const again = await pxv(named, here);
    expect([again.code, jsonOf(again).clips]).toEqual([1, clips]);
  });

  test('prints tables without --json', async () => {
    const { stdout } = await pxv(['eval-video', 'clips/clip-1', '--model', 'run', '--horizon', '1'], here);
    expect(stdout).toMatch(/^clip +frames +bits\/dim/);
    expect(stdout).toMatch(/^clip-1 +6 +\d\.\d{3}/m);
    expect(stdout).toMatch(/^baselines: uniform 8\.00, previous frame /m);
    // Of one clip there is no standard error.
    expect(stdout).toMatch(
      /^frames ahead +last frame +last frame moved +best guess +one sample +mean of 4 +best of 4$/m,
    );
    expect(stdout).toMatch(/^ +1 +\d+\.\d\d( +[+-]\d+\.\d\d \([01]\)){5}$/m);
  });
});
