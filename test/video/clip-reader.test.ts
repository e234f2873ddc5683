import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../src/frame.js';
import { parseFrameRate } from '../../src/frame-rate.js';
import { openClip, probeClip } from '../../src/video/clip-reader.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import {
  as,
  collect,
  ffmpeg,
  ffmpegPrograms,
  frame,
  livingFfmpegs,
  lossless,
  makeClip,
  meanAbsoluteError,
  read,
  staircase,
  temporaryFolder,
} from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const programs = ffmpegPrograms();
const { PXV_FFMPEG } = process.env;

afterAll(() => {
  if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
  else process.env.PXV_FFMPEG = PXV_FFMPEG;
  folder.remove();
});

const level = (frame: Frame) => frame.data[frame.data.length >> 1];

describe.each(programs)('a video file, read with %s', (_name, program) => {
  beforeAll(() => {
    process.env.PXV_FFMPEG = program;
  });

  it('gives its frames in order, bit by bit where nothing needs scaling', async () => {
    const path = makeClip(at('order.mkv'), staircase(20), ...lossless);
    const frames = await read(path, as(16, 12, 1));
    expect(frames.map(level)).toEqual(Array.from({ length: 20 }, (_, index) => 10 * (index + 1)));
    expect(frames[0]).toMatchObject({ width: 16, height: 12, channels: 1 });
  });

  it('states its name, rate and size', async () => {
    const path = makeClip(at('facts.mkv'), staircase(3), ...lossless);
    const facts = {
      name: 'facts.mkv',
      path,
      frameRate: { numerator: 10, denominator: 1 },
      hasRate: true,
      sourceSize: { width: 16, height: 12 },
      aboutFrames: 3,
    };
    expect(await probeClip(path)).toEqual(facts);
    expect(await openClip(path, as(8, 8, 3))).toMatchObject({ ...facts, warning: null });
  });

  it('can be read twice from one reader', async () => {
    const clip = await openClip(makeClip(at('twice.mkv'), staircase(4), ...lossless), as(16, 12, 1));
    expect((await collect(clip.frames())).length).toBe(4);
    expect((await collect(clip.frames())).length).toBe(4);
  });

  it('keeps black black, white white and grey grey, in one channel and in three', async () => {
    const steps = frame(16, 16, 1, (x) => [0, 64, 128, 255][x >> 2]);
    for (const codec of [lossless, ['-c:v', 'libx264', '-qp', '0', '-pix_fmt', 'yuv420p']]) {
      const path = makeClip(at('grey.mkv'), [steps, steps], ...codec);
      const [grey] = await read(path, as(16, 16, 1));
      const [rgb] = await read(path, as(16, 16, 3));
      expect(meanAbsoluteError(grey, steps)).toBeLessThanOrEqual(1);
      expect(Math.max(...grey.data) - Math.min(...grey.data)).toBe(255);
      expect([...rgb.data].every((value, index) => value === rgb.data[index - (index % 3)])).toBe(true);
      expect(
        meanAbsoluteError(
          frame(16, 16, 1, (x, y) => rgb.data[3 * (16 * y + x)]),
          grey,
        ),
      ).toBeLessThanOrEqual(1);
    }
  });

  it('is scaled to cover and cut around the centre, or stretched: 32x16 to 8x8', async () => {
    const halves = frame(32, 16, 3, (x, _y, c) => (x < 8 ? [255, 0, 0] : x < 24 ? [0, 255, 0] : [0, 0, 255])[c]);
    const path = makeClip(at('thirds.mov'), [halves], '-c:v', 'png');
    const [cut] = await read(path, as(8, 8, 3));
    const [stretched] = await read(path, as(8, 8, 3, { fit: 'stretch' }));
    expect([...cut.data.subarray(0, 24)]).toEqual(Array.from({ length: 8 }, () => [0, 255, 0]).flat());
    expect([...stretched.data.subarray(0, 9)]).toEqual([255, 0, 0, 255, 0, 0, 0, 255, 0]);
  });

  it('agrees with a folder of the same pictures, scaled down and cut', async () => {
    const picture = frame(50, 30, 3, (x, y, c) => (5 * x + 3 * y * (c + 1)) % 256);
    const path = makeClip(at('scaled.mov'), [picture], '-c:v', 'png');
    mkdirSync(at('scaled'), { recursive: true });
    writeFileSync(at('scaled/1.png'), await encodePng(picture));
    for (const channels of [1, 3] as const) {
      const [film] = await read(path, as(13, 11, channels));
      const [image] = await read(at('scaled'), as(13, 11, channels));
      expect(meanAbsoluteError(film, image)).toBeLessThan(0.8);
    }
  });

  it('is turned upright as its metadata say', async () => {
    const path = join(import.meta.dirname, '../fixtures/video/rotated-90.mp4');
    const clip = await openClip(path, as(4, 8, 3));
    const [first] = await collect(clip.frames());
    expect(clip.sourceSize).toEqual({ width: 16, height: 32 });
    const [top, bottom] = [[...first.data.subarray(0, 3)], [...first.data.subarray(-3)]];
    expect(top[2]).toBeGreaterThan(250);
    expect(bottom[0]).toBeGreaterThan(250);
    expect(Math.max(top[0], bottom[2])).toBeLessThan(5);
  });

  it('has square pixels: 16x12 of twice their height in width is 32x12', async () => {
    const path = makeClip(at('wide.mkv'), staircase(2), '-vf', 'setsar=2', ...lossless);
    expect((await probeClip(path)).sourceSize).toEqual({ width: 32, height: 12 });
    const tall = makeClip(at('tall.mkv'), staircase(2), '-vf', 'setsar=1/2', ...lossless);
    expect((await probeClip(tall)).sourceSize).toEqual({ width: 16, height: 24 });
  });

  it('lies over black where it is transparent', async () => {
    const path = at('alpha.mov');
    ffmpeg(['-f', 'lavfi', '-i', 'color=0xff8040@0.5:s=16x16:r=10:d=0.2,format=rgba', '-c:v', 'png', path]);
    const [first] = await read(path, as(4, 4, 3));
    [128, 64, 32].forEach((value, channel) => expect(Math.abs(first.data[channel] - value)).toBeLessThanOrEqual(1));
  });

  it('of varying rate keeps its duration at a constant one', async () => {
    // Ten pictures within a second, then ten within four.
    const path = makeClip(
      at('varying.mkv'),
      staircase(20),
      '-vf',
      "setpts='if(lt(N,10),N*0.1,1+(N-10)*0.4)/TB'",
      '-vsync',
      '0',
      ...lossless,
    );
    const clip = await openClip(path, as(16, 12, 1));
    const frames = await collect(clip.frames());
    const seconds = (frames.length * clip.frameRate.denominator) / clip.frameRate.numerator;
    expect(seconds).toBeGreaterThan(4.2);
    expect(seconds).toBeLessThan(5.3);
    expect(level(frames[frames.length >> 1])).toBeGreaterThan(130);
    expect(clip.warning).toMatch(
      /^pictures at uneven times, brought to a rate of 4\.\d+: some are repeated or left out$/,
    );
  });

  // A browser's recordings tell no rate; others tell one that half of the pictures leave out.
  it.each(['mkv', 'webm', 'mp4'])('of pictures that are missing here and there, as %s, says so', async (kind) => {
    const frames = Array.from({ length: 60 }, (_, i) => frame(32, 24, 1, (x, y) => (x * y + 9 * i) % 256));
    const someOf = ['-vf', "select='lt(mod(n\\,7)\\,3)'", '-vsync', '0'];
    const codec = kind === 'webm' ? ['-c:v', 'libvpx', '-auto-alt-ref', '1'] : ['-c:v', 'libx264'];
    const path = makeClip(at(`some.${kind}`), frames, ...someOf, ...codec);
    const clip = await openClip(path, as(32, 24, 1));
    const { length } = await collect(clip.frames());
    expect(length).toBeGreaterThan(22);
    expect(length).toBeLessThan(32);
    expect(clip.warning).toMatch(/^pictures at uneven times, brought to a rate of 4\.\d+: /);
  });

  it.each(['mkv', 'webm'])('at even times, as %s, has the rate that it tells, without a warning', async (kind) => {
    const frames = Array.from({ length: 60 }, (_, i) => frame(32, 24, 1, (x, y) => (x * y + 9 * i) % 256));
    const codec = kind === 'webm' ? ['-c:v', 'libvpx', '-auto-alt-ref', '1', '-lag-in-frames', '16'] : lossless;
    const path = makeClip(at(`even.${kind}`), frames, ...codec);
    const clip = await openClip(path, as(32, 24, 1));
    expect((await collect(clip.frames())).length).toBe(60);
    expect(clip.frameRate).toEqual({ numerator: 10, denominator: 1 });
    expect(clip.warning).toBeNull();
  });

  it.each([
    ['size', ['-vf', 'scale=64:48', '-pix_fmt', 'yuv420p']],
    ['range', ['-vf', 'scale=out_range=full,format=yuv420p', '-color_range', 'pc']],
  ])('whose pictures change their %s has all of them, but for two at most', async (_, changed) => {
    const plain = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-crf', '0'];
    const parts = [
      makeClip(at('first.mp4'), staircase(12), ...plain),
      makeClip(at('second.mp4'), staircase(20), ...plain, ...changed),
    ];
    writeFileSync(at('parts.txt'), parts.map((path) => `file '${path}'\n`).join(''));
    ffmpeg(['-f', 'concat', '-safe', '0', '-i', at('parts.txt'), '-c', 'copy', at('joined.mkv')]);
    const clip = await openClip(at('joined.mkv'), as(16, 12, 1));
    const levels = (await collect(clip.frames())).map((f) => Math.round(level(f) / 10));
    const rising = (count: number) => Array.from({ length: count }, (__, i) => i + 1);
    expect(levels.slice(0, 10)).toEqual(rising(10));
    const second = levels.slice(levels.lastIndexOf(1));
    expect(second.slice(0, 20)).toEqual(rising(20));
    // FFmpeg of 2018 goes on with the last one for as long as the first part was.
    expect([[], new Array<number>(12).fill(20)]).toContainEqual(second.slice(20));
    expect(clip.warning).toBeNull();
  });

  it('is resampled in time to a rate that is asked for', async () => {
    const path = makeClip(at('slower.mkv'), staircase(20), ...lossless);
    const clip = await openClip(path, as(16, 12, 1, { frameRate: { numerator: 5, denominator: 1 } }));
    expect((await collect(clip.frames())).length).toBe(10);
  });

  it.each([1, 4, 10, 12.5, 25])(
    'brought to %d frames a second has as many as FFmpeg makes of it',
    async (perSecond) => {
      const frameRate = parseFrameRate(String(perSecond))!;
      const path = makeClip(at('counted.mkv'), staircase(23), ...lossless);
      const clip = await openClip(path, as(16, 12, 1, { frameRate }));
      const frames = await collect(clip.frames());
      expect(frames.length).toBe(countedByFfmpeg(path, perSecond));
      expect(Math.abs(frames.length - clip.aboutFrames!)).toBeLessThanOrEqual(1);
      // Each is the picture that is nearest in time: one of 10 a second, of levels 10, 20, ...
      frames.forEach((frame, index) => {
        const nearest = Math.min((10 * index) / perSecond, 22);
        expect(Math.abs(level(frame) / 10 - 1 - nearest)).toBeLessThanOrEqual(Math.max(1, 5 / perSecond));
      });
      expect(clip.warning === null).toBe(perSecond <= 10);
    },
  );

  it('has a frame at any rate, however short it is', async () => {
    const path = makeClip(at('short.mkv'), staircase(2), ...lossless);
    const gif = makeClip(at('short.gif'), staircase(1));
    for (const [clip, rate] of [
      [path, '1/10'],
      [path, '3'],
      [gif, '1/10'],
      [gif, '60'],
    ]) {
      const frames = await read(clip, as(16, 12, 1, { frameRate: parseFrameRate(rate)! }));
      expect([clip, rate, frames.length]).toEqual([clip, rate, 1]);
      expect(level(frames[0])).toBeGreaterThan(7);
      expect(level(frames[0])).toBeLessThan(23);
    }
  });

  it('of varying rate is brought to another in its own time', async () => {
    const timing = "setpts='if(lt(N,10),N*0.1,1+(N-10)*0.4)/TB'";
    const path = makeClip(at('uneven.mkv'), staircase(20), '-vf', timing, '-vsync', '0', ...lossless);
    const frames = await read(path, as(16, 12, 1, { frameRate: { numerator: 5, denominator: 1 } }));
    const at5 = (seconds: number) => level(frames[5 * seconds]) / 10;
    // Pictures 0 to 9 come within a second, then one each 0.4 s.
    expect([at5(0), at5(1), at5(3), at5(4.4)]).toEqual([1, 11, 16, 19]);
    // FFmpeg of 2018 leaves out the last.
    expect([23, 24]).toContain(frames.length);
  });

  it('as a GIF is brought to another rate without the pause at its end', async () => {
    const path = makeClip(at('paused.gif'), staircase(6), '-final_delay', '300', '-loop', '0');
    const frames = await read(path, as(16, 12, 1, { frameRate: { numerator: 5, denominator: 1 } }));
    expect(frames.map((f) => Math.round(level(f) / 10))).toHaveLength(4);
    expect(Math.round(level(frames[3]) / 10)).toBe(6);
  });

  it('says that frames are repeated where it has fewer a second than are asked for', async () => {
    const path = makeClip(at('few.mkv'), staircase(3), ...lossless);
    const clip = await openClip(path, as(16, 12, 1, { frameRate: { numerator: 20, denominator: 1 } }));
    expect((await collect(clip.frames())).map(level)).toEqual([10, 10, 20, 20, 30, 30]);
    expect(clip.warning).toBe('10 frames a second, of which some are repeated to make 20');
  });

  it('that repeats and pauses at its end, as a GIF, is read once and without the pause', async () => {
    const path = makeClip(at('pause.gif'), staircase(6), '-final_delay', '300', '-loop', '0');
    const clip = await openClip(path, as(16, 12, 1));
    expect((await collect(clip.frames())).map((f) => Math.round(level(f) / 10))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(clip.frameRate).toEqual({ numerator: 10, denominator: 1 });
  });

  it('that breaks off gives what could be read, and one line of warning', async () => {
    const frames = Array.from({ length: 40 }, (_, i) =>
      frame(64, 48, 3, (x, y, c) => (x * y + 31 * i + 7 * c * x) % 256),
    );
    const path = makeClip(at('whole.mkv'), frames, ...lossless);
    const bytes = readFileSync(path);
    writeFileSync(at('cut.mkv'), bytes.subarray(0, bytes.length * 0.6));
    const clip = await openClip(at('cut.mkv'), as(16, 12, 3));
    const { length } = await collect(clip.frames());
    expect(length).toBeGreaterThan(15);
    expect(length).toBeLessThan(40);
    expect(clip.warning).toMatch(new RegExp(`^read ${length} frames, with errors: [^\\n]+$`));
  });

  it("that broke off within its first picture is refused as such, with FFmpeg's line as the cause", async () => {
    const noise = frame(64, 48, 3, (x, y, c) => (x * x * y + 31 * c * y) % 256);
    const bytes = readFileSync(makeClip(at('whole.webm'), [noise, noise], '-c:v', 'libvpx-vp9', '-lossless', '1'));
    writeFileSync(at('cut.webm'), bytes.subarray(0, bytes.length * 0.2));
    await expect(openClip(at('cut.webm'), as(8, 8, 1))).rejects.toThrow(
      /cut\.webm: expected a video with at least one picture, received nothing that can be decoded \(FFmpeg: .+\); check/,
    );
  });

  it.each(['-x.mp4', 'a:b.mp4', 'two words.mp4', 'ünï-日本.mp4', 'new\nline.mp4', "it's [1],2.mp4", 'http:x.mp4'])(
    'may be called %j',
    async (name) => {
      const made = makeClip(at('plain.mp4'), staircase(3), '-c:v', 'libx264');
      copyFileSync(made, at(name));
      expect((await read(at(name), as(8, 8, 1))).length).toBe(3);
      const here = process.cwd();
      process.chdir(folder.path);
      try {
        expect((await read(name, as(8, 8, 1))).length).toBe(3);
      } finally {
        process.chdir(here);
      }
    },
  );

  it('leaves no process when the loop over its frames is left', async () => {
    const clip = await openClip(longClip(), as(160, 120, 3));
    for await (const first of clip.frames()) {
      expect(first.width).toBe(160);
      break;
    }
    expect(livingFfmpegs()).toEqual([]);
  });

  it('leaves no process when it is interrupted', async () => {
    const controller = new AbortController();
    const clip = await openClip(longClip(), as(160, 120, 3, { signal: controller.signal }));
    const reading = (async () => {
      let frames = 0;
      for await (const { width } of clip.frames()) {
        frames += width / 160;
        if (frames === 5) controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(livingFfmpegs()).toEqual([]);
  });

  it.each([
    ['an interruption, where the reader is interrupted at the same time', 100, 'INTERRUPTED'],
    ["not the user's doing, where it is not", null, 'DEPENDENCY'],
  ])('does not end early without a word when FFmpeg is told to stop: %s', async (_, milliseconds, code) => {
    const controller = new AbortController();
    const clip = await openClip(longClip(), as(160, 120, 3, { signal: controller.signal }));
    const frames = clip.frames();
    await frames.next();
    for (const pid of livingFfmpegs()) process.kill(Number(pid), 'SIGINT');
    // The end itself is what is told: nobody asks for it first.
    if (milliseconds !== null) setTimeout(() => controller.abort(), milliseconds);
    await expect(collect(frames)).rejects.toMatchObject({ code });
  });

  it('says so when FFmpeg is killed, as where memory runs out', async () => {
    const clip = await openClip(longClip(), as(160, 120, 3));
    const frames = clip.frames();
    await frames.next();
    for (const pid of livingFfmpegs()) process.kill(Number(pid), 'SIGKILL');
    await expect(collect(frames)).rejects.toThrow('expected FFmpeg to come to its end, received a signal');
  });

  it('is not opened for someone who has already stopped', async () => {
    const options = as(16, 12, 1, { signal: AbortSignal.abort() });
    await expect(openClip(longClip(), options)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(livingFfmpegs()).toEqual([]);
  });

  it('is decoded only as fast as its frames are taken', async () => {
    const clip = await openClip(longClip(), as(640, 480, 3));
    const frames = clip.frames();
    await frames.next();
    const before = process.memoryUsage();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const after = process.memoryUsage();
    await frames.return();
    // All of its frames would be 900 MB.
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(30e6);
  });

  it.each([
    [
      'a text',
      'text.mp4',
      'not a film',
      /^read video: .*text\.mp4: expected a video with at least one picture, received nothing that can be decoded \(FFmpeg: .+\); check/,
    ],
    ['an empty file', 'empty.mp4', '', /received an empty file/],
  ])('that is %s is refused in one line', async (_what, name, content, message) => {
    writeFileSync(at(name), content);
    await expect(openClip(at(name), as(8, 8, 1))).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(message) as string,
    });
    await expect(openClip(at(name), as(8, 8, 1))).rejects.toThrow(/^[^\n]*$/);
  });

  it.each(['notes.txt', 'notes.nfo', 'notes.ans', 'notes.srt', 'notes'])(
    'that is a text is refused in one line where it is called %s, which FFmpeg may show as a film',
    async (name) => {
      const spoken = '1\n00:00:01,000 --> 00:00:02,000\nhello\n';
      writeFileSync(at(name), name.endsWith('.srt') ? spoken : 'A text.\nOf two lines.\n');
      await expect(openClip(at(name), as(8, 8, 1))).rejects.toMatchObject({ code: 'INPUT' });
      await expect(openClip(at(name), as(8, 8, 1))).rejects.toThrow(
        /^read video: [^\n]*: expected a video [^\n]*, received [^\n]*; [^\n]*$/,
      );
    },
  );

  it('that FFmpeg would type on a screen is named as what it is', async () => {
    writeFileSync(at('art.ans'), 'A text.\nOf two lines.\n');
    await expect(openClip(at('art.ans'), as(8, 8, 1))).rejects.toThrow(
      "received a text, which FFmpeg would type on a screen (its format 'tty')",
    );
  });

  it('without a picture is refused', async () => {
    ffmpeg(['-f', 'lavfi', '-i', 'sine=d=0.2', at('sound.mkv')]);
    await expect(openClip(at('sound.mkv'), as(8, 8, 1))).rejects.toThrow('received a file without a video stream');
  });
});

/** Frames that FFmpeg's own filter makes of a file, the last picture included. */
function countedByFfmpeg(path: string, perSecond: number): number {
  const args = ['-v', 'error', '-i', path, '-vf', `fps=${perSecond}:eof_action=pass`, '-f', 'framecrc', '-'];
  const { stdout } = spawnSync(findFfmpeg().path, args, { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.startsWith('0,')).length;
}

/** A thousand frames of 640x480, made once. */
function longClip(): string {
  const path = at('long.mp4');
  if (!made.has(path)) {
    ffmpeg(['-f', 'lavfi', '-i', 'testsrc=s=640x480:r=25:d=40', '-c:v', 'libx264', '-preset', 'ultrafast', path]);
  }
  made.add(path);
  return path;
}
const made = new Set<string>();
