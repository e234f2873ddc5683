import { once } from 'node:events';
import { cpSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClip, writeClip } from '../../src/video/index.js';
import { collect, temporaryFolder } from '../video/made-clips.js';
import { pxv, start, type Outcome } from './pxv.js';
import { jsonOf, makeClips, movingSquare, size, trainTinyRun } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);
const frameRate = { numerator: 10, denominator: 1 };

beforeAll(async () => {
  await makeClips(folder.path, 2);
  await trainTinyRun(folder.path, pxv);
  await writeClip(at('clip.gif'), movingSquare(0, 5), { frameRate });
  await writeClip(at('mixed', 'same.gif'), movingSquare(0, 3), { frameRate });
  await writeClip(at('mixed', 'same.mp4'), movingSquare(0, 3), { frameRate });
  for (const bad of ['bad.mp4', join('mixed', 'bad.mp4')]) writeFileSync(at(bad), 'no film');
}, 120_000);

const predict = (...args: string[]) => pxv(['predict', ...args, '--model', 'run', '--next', '1'], here);

describe('pxv predict of several clips', () => {
  test('writes an output of each into a folder, under its name', async () => {
    const outcome = await predict('clips', '--out', 'futures', '--format', 'gif', '--json');
    expect(outcome.code).toBe(0);
    expect(readdirSync(at('futures')).sort()).toEqual(['clip-0.gif', 'clip-1.gif']);
    const { clips, skipped, unprocessed, output } = jsonOf(outcome);
    expect({ skipped, unprocessed, output }).toEqual({ skipped: [], unprocessed: 0, output: 'futures' });
    expect(clips).toMatchObject([
      { name: 'clip-0', output: join('futures', 'clip-0.gif'), frames: 7, known: 6, predicted: 1 },
      { name: 'clip-1', output: join('futures', 'clip-1.gif'), frames: 7, known: 6, predicted: 1 },
    ]);
  });

  test('goes on without one that cannot be read, and tells clips of one name apart', async () => {
    const { code, stdout, stderr } = await predict('mixed', '--format', 'png');
    expect(code).toBe(0);
    expect(readdirSync(at('predicted')).sort()).toEqual(['same.gif.png', 'same.mp4.png']);
    expect(stderr).toMatch(/^pxv: warning: bad\.mp4: skipped: read video: .*; /m);
    expect(stdout).toMatch(/^2 clips predicted by run in \d+\.\d s\nskipped: 1 clip \(bad\.mp4\)\n$/m);
  });

  test('ends with exit code 1 where one was named that cannot be read, after the others', async () => {
    const outcome = await predict('bad.mp4', 'clip.gif', '--out', 'named', '--json');
    expect(outcome.code).toBe(1);
    expect(readdirSync(at('named'))).toEqual(['clip.mp4']);
    expect(jsonOf(outcome).skipped).toMatchObject([{ name: 'bad.mp4' }]);
  });

  test('with --adapt corrects what it predicts by what each clip has shown, and says so', async () => {
    for (const clip of [0, 1]) await writeClip(at('longer', `clip-${clip}`), movingSquare(clip, 20), { frameRate });
    const asked = ['longer', '--format', 'folder', '--best-guess', '--plain', '--json'];
    const kept = await predict(...asked, '--out', 'kept');
    const adapted = await predict(...asked, '--out', 'adapted', '--adapt');
    expect([kept, adapted].map((outcome) => [outcome.code, jsonOf(outcome).adapted])).toEqual([
      [0, false],
      [0, true],
    ]);
    for (const clip of ['clip-0', 'clip-1']) {
      const [before, now] = ['kept', 'adapted'].map((out) => {
        const panel = at(out, clip, 'best-guess');
        return readdirSync(panel)
          .sort()
          .map((name) => readFileSync(join(panel, name)));
      });
      expect(now.length).toBe(21);
      expect(now.slice(0, 20)).toEqual(before.slice(0, 20));
      expect(now[20]).not.toEqual(before[20]);
    }
  });

  test('takes what it has written for no clips', async () => {
    mkdirSync(at('own'));
    cpSync(at('clip.gif'), at('own', 'a.gif'));
    cpSync(at('clip.gif'), at('own', 'b.gif'));
    const inside = { cwd: at('own') };
    for (const format of ['mp4', 'gif']) {
      const { code, stdout } = await pxv(
        ['predict', '.', '--model', '../run', '--next', '1', '--format', format],
        inside,
      );
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^2 clips predicted by/m)]);
    }
    expect(readdirSync(at('own', 'predicted')).sort()).toEqual(['a.gif', 'a.mp4', 'b.gif', 'b.mp4']);
  });

  test('draws nothing where an output exists already', async () => {
    await writeClip(at('taken', 'clip-1.gif'), movingSquare(1, 2), { frameRate });
    const { code, stderr } = await predict('clips', '--out', 'taken', '--format', 'gif');
    expect(stderr).toMatch(/clip-1\.gif: the file exists; .* --overwrite$/m);
    expect([code, readdirSync(at('taken'))]).toEqual([1, ['clip-1.gif']]);
  });
});

/** Runs `pxv predict -` on a file, and gives what it writes to stdout as bytes. */
async function through(file: string, ...args: string[]): Promise<Omit<Outcome, 'stdout'> & { stdout: Buffer }> {
  const child = start(['predict', '-', '--model', 'run', '--next', '1', ...args], here);
  createReadStream(at(file)).pipe(child.stdin!);
  const parts: Buffer[] = [];
  let stderr = '';
  child.stdout!.on('data', (part: Buffer) => parts.push(part));
  child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(parts), stderr };
}

describe('pxv predict through pipes', () => {
  test.each(['mp4', 'webm', 'gif', 'png'])('gives on stdout the very %s that it writes to a file', async (format) => {
    await predict('clip.gif', '--out', `file.${format}`);
    const { code, stdout, stderr } = await through('clip.gif', '--out', '-', '--format', format);
    // A picture shows the last four of the known frames, a film shows all of them.
    const known = format === 'png' ? 'the last 4 of 5 frames' : '5 frames';
    const line = `^standard output: ${known} of standard input, then 1 predicted by run in \\d+\\.\\d s$`;
    expect(stderr).toMatch(new RegExp(line, 'm'));
    expect([code, stdout.equals(readFileSync(at(`file.${format}`)))]).toEqual([0, true]);
    if (format === 'png') return;
    const clip = await openClip(at(`file.${format}`), { size, channels: 3 });
    expect(await collect(clip.frames())).toHaveLength(6);
  });

  test('gives the result on stderr as JSON, and leaves nothing behind', async () => {
    const { stderr } = await through('clip.gif', '--out', '-', '--json');
    expect(jsonOf({ code: 0, stdout: stderr, stderr: '' })).toMatchObject({ output: '-', known: 5, predicted: 1 });
    const mine = readdirSync(tmpdir()).filter(
      (name) => /^pxv-\w{6}$/.test(name) && existsSync(join(tmpdir(), name, 'stdin')),
    );
    expect(mine).toEqual([]);
  });

  test('says where standard input cannot be kept', async () => {
    const nowhere = { ...here, env: { TMPDIR: at('nowhere') } };
    const { code, stderr } = await pxv(['predict', '-', '--model', 'run', '--out', 'kept.gif'], nowhere);
    expect(stderr).toMatch(/^pxv: keep a standard stream: .*nowhere: expected .*, received ENOENT.*; set TMPDIR to/m);
    expect(code).toBe(1);
  });

  test('gives the folder at hand its name', async () => {
    const inside = { cwd: at('clips', 'clip-0') };
    const { code } = await pxv(['predict', '.', '--model', '../../run', '--next', '1', '--format', 'png'], inside);
    expect([code, existsSync(at('clips', 'clip-0', 'clip-0-predicted.png'))]).toEqual([0, true]);
  });

  test('names standard input, not the file that stands for it, where it holds no clip', async () => {
    writeFileSync(at('junk'), 'no film'.repeat(100));
    const { code, stderr } = await through('junk', '--out', 'junk.gif');
    expect(stderr).toMatch(/^pxv: read video: standard input: expected a video with at least one picture, received /m);
    expect(stderr).not.toContain(join(tmpdir(), 'pxv-'));
    expect(code).toBe(1);
  });

  test.each([
    [['--out', '-', '--format', 'folder'], /--format folder: expected a file, for standard output, received a folder;/],
    [['--out', 'x.mp4', '--format', 'gif'], /--format gif: expected an --out of the same kind, received x\.mp4; leave/],
  ])('refuses %j', async (args, line) => {
    const { code, stdout, stderr } = await through('clip.gif', ...args);
    expect(stderr).toMatch(line);
    expect([code, stdout.length]).toEqual([2, 0]);
  });

  test.each([
    [['clips', '--out', '-'], /--out -: expected a folder, for several clips, received standard output;/],
    [
      ['clips', '--out', 'x.mp4'],
      /x\.mp4: expected a folder, for several clips, received .*; give a folder as --out, such as x\.mp4\/,/,
    ],
  ])('of several clips refuses %j', async (args, line) => {
    const { code, stderr } = await predict(...args);
    expect(stderr).toMatch(line);
    expect(code).toBe(2);
  });
});
