import { readdirSync } from 'node:fs';
import sharp from 'sharp';
import type { Frame } from '../../src/foundation/frame.js';
import { openClip } from '../../src/video/index.js';
import { collect } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf, movingSquare, size, tinyRunFolder } from './tiny-run.js';

const { here, at } = tinyRunFolder();

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

describe('pxv predict', () => {
  const predict = (...args: string[]) =>
    pxvInProcess(['predict', 'clips/clip-0', '--model', 'run', '--json', ...args], here);

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
      ...{ temperature: 0.9, warming: 0.045, carry: 0.25 },
    });
    expect(jsonOf(outcome).seconds).toBeGreaterThan(0);
    expect(jsonOf(outcome).bitsPerDim).toBeGreaterThan(0);
    const frames = await framesOf('future/sample-1');
    expect(frames).toHaveLength(8);
    expect(bytesOf(frames.slice(0, 6))).toEqual(bytesOf(movingSquare(0, 6)));
    expect(bytesOf(frames)[7]).not.toEqual(bytesOf(frames)[6]);
  });

  test('makes a best guess without chance, in one panel', async () => {
    const guess = async (seed: string) => {
      const outcome = await predict('--next', '2', '--best-guess', '--out', `guess-${seed}`, '--seed', seed);
      expect(jsonOf(outcome)).toMatchObject({ predicted: 2, forecast: 'best-guess', bitsPerDim: null });
      expect(jsonOf(outcome)).not.toHaveProperty('temperature');
      return bytesOf(await framesOf(`guess-${seed}/best-guess`));
    };
    expect(await guess('1')).toEqual(await guess('2'));
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
    const asked = ['--from', '4', '--next', '2', '--plain', '--known-frames', '0'];
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
    await predict('--from', '4', '--next', '2', '--known-frames', '0', '--out', 'alone');
    expect(readdirSync(at('alone', 'sample-1'))).toEqual(['00004.png', '00005.png']);
  });

  test('the first future of several is the one that is drawn alone', async () => {
    await predict('--next', '2', '--out', 'one');
    await predict('--next', '2', '--samples', '2', '--out', 'together');
    const one = await framesOf('one/sample-1');
    const together = await framesOf('together/sample-1');
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

  test('says without --json in one line which frames are in what it wrote', async () => {
    const said = async (...more: string[]) =>
      (await pxvInProcess(['predict', 'clips/clip-0', '--model', 'run', '--next', '1', ...more], here)).stdout;
    expect(await said('--out', 'text.png')).toMatch(
      /^text\.png: the last 4 of 6 frames of clips\/clip-0, then 1 predicted by run in \d+\.\d s\n$/,
    );
    expect(await said('--out', 'all', '--known-frames', 'all')).toMatch(
      /^all: 6 frames of clips\/clip-0, then 1 predicted by /,
    );
    expect(await said('--out', 'two', '--known-frames', '2')).toMatch(
      /^two: the last 2 of 6 frames of clips\/clip-0, then 1 /,
    );
    expect(await said('--out', 'after.png', '--known-frames', '0')).toMatch(
      /^after\.png: after 6 frames of clips\/clip-0, the 1 predicted by run in /,
    );
  });
});
