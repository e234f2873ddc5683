import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteToLevel, levelToByte } from '../../src/foundation/levels.js';
import { openClip, probeClip } from '../../src/video/clip-reader.js';
import { encodePng } from '../../src/video/contact-sheet.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { prefetchProbe } from '../../src/video/video-file.js';
import {
  as,
  collect,
  ffmpeg,
  ffmpegPrograms,
  frame,
  level,
  livingFfmpegs,
  lossless,
  makeClip,
  meanAbsoluteError,
  read,
  staircase,
  temporaryFolder,
  useFfmpeg,
} from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const programs = ffmpegPrograms();

afterAll(folder.remove);

describe.each(programs)('a video file, read with %s', (_name, program) => {
  useFfmpeg(program);

  it('gives its frames in order, bit by bit where nothing needs scaling', async () => {
    const path = makeClip(at('order.mkv'), staircase(20), ...lossless);
    const frames = await read(path, as(16, 12, 1));
    expect(frames.map(level)).toEqual(Array.from({ length: 20 }, (_, index) => 10 * (index + 1)));
    expect(frames[0]).toMatchObject({ width: 16, height: 12, channels: 1 });
  });

  it('gives bytes of as many levels as are asked for, 2 to 256', async () => {
    const path = makeClip(at('levels.mkv'), staircase(20), ...lossless);
    const bytes = (await read(path, as(16, 12, 1))).map(level);
    const few = (await read(path, { ...as(16, 12, 1), levels: 4 })).map(level);
    expect(few).toEqual(bytes.map((byte) => levelToByte(byteToLevel(byte, 4), 4)));
    expect(few).not.toEqual(bytes);
    for (const levels of [1, 2.5, 257])
      await expect(openClip(path, { ...as(16, 12, 1), levels })).rejects.toMatchObject({
        code: 'USAGE',
        parts: { argument: 'levels', received: String(levels) },
      });
  });

  it('is looked at before it is asked for, once, and what is wrong with it is told to who asks', async () => {
    const path = makeClip(at('ahead.mkv'), staircase(3), ...lossless);
    prefetchProbe(path);
    const { sourceSize } = await probeClip(path);
    expect(sourceSize).toEqual({ width: 16, height: 12 });
    writeFileSync(path, 'no film');
    prefetchProbe(path);
    for (let time = 0; time < 2; time++) await expect(probeClip(path)).rejects.toMatchObject({ code: 'INPUT' });
    prefetchProbe(at('none.mkv'));
    await expect(probeClip(at('none.mkv'))).rejects.toMatchObject({ code: 'INPUT' });
  });

  (existsSync('/proc/self/stat') ? it : it.skip)('is not looked at again by who first asks for it', async () => {
    const path = makeClip(at('kept.avi'), staircase(3), ...lossless);
    await findFfmpeg();
    prefetchProbe(path);
    for (const isThere of [true, false])
      while (livingFfmpegs().length > 0 !== isThere) await new Promise((resolve) => setTimeout(resolve, 1));
    writeFileSync(path, 'no film');
    await expect(probeClip(path)).resolves.toMatchObject({ sourceSize: { width: 16, height: 12 } });
    await expect(probeClip(path)).rejects.toMatchObject({ code: 'INPUT' });
  });

  it('states its name, rate and size', async () => {
    const path = makeClip(at('facts.mkv'), staircase(3), ...lossless);
    const facts = {
      name: 'facts.mkv',
      path,
      frameRate: { numerator: 10, denominator: 1 },
      hasFrameRate: true,
      sourceSize: { width: 16, height: 12 },
      estimatedFrames: 3,
      isSeekable: false,
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
    const top = [...first.data.subarray(0, 3)];
    const bottom = [...first.data.subarray(-3)];
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
    // Nor does it say that anything changes.
    if ((await findFfmpeg()).passthroughOptions.includes('-vsync')) expect(clip.warning).toBeNull();
    else
      expect(clip.warning).toMatch(
        /^read 3\d frames, whose size or range changes 1 time: up to two frames are lost at each change$/,
      );
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

  it('that is damaged is warned about where its frames are read in part, too, and a whole one is not', async () => {
    const frames = Array.from({ length: 20 }, (_, i) =>
      frame(64, 48, 3, (x, y, c) => (x * y + 9 * i + 7 * c * x) % 256),
    );
    const path = makeClip(at('sound.avi'), frames, '-c:v', 'mpeg4', '-q:v', '3', '-g', '30');
    const bytes = readFileSync(path);
    for (let at = Math.round(bytes.length * 0.15); at < bytes.length * 0.3; at += 37) bytes[at] ^= 0xff;
    writeFileSync(at('damaged.avi'), bytes);
    const warningAfter = async (name: string, count: number) => {
      const clip = await openClip(at(name), as(16, 12, 3));
      const reading = clip.frames();
      for (let read = 0; read < count; read++) await reading.next();
      await reading.return();
      return clip.warning;
    };
    expect(await warningAfter('damaged.avi', 10)).toMatch(/^read 10 frames, with errors: [^\n]+$/);
    expect(await warningAfter('sound.avi', 10)).toBeNull();
  });

  it("that broke off within its first picture is refused as such, with FFmpeg's line as the cause", async () => {
    const noise = frame(64, 48, 3, (x, y, c) => (x * x * y + 31 * c * y) % 256);
    const bytes = readFileSync(makeClip(at('whole.webm'), [noise, noise], '-c:v', 'libvpx-vp9', '-lossless', '1'));
    writeFileSync(at('cut.webm'), bytes.subarray(0, bytes.length * 0.2));
    await expect(openClip(at('cut.webm'), as(8, 8, 1))).rejects.toThrow(
      /cut\.webm: expected a video with .*, received nothing that can be decoded \(FFmpeg: .+\); check/,
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
        if (frames === 5) controller.abort('stopped');
      }
    })();
    await expect(reading).rejects.toBe('stopped');
    expect(livingFfmpegs()).toEqual([]);
  });

  it.each([
    ['an interruption, where the reader is interrupted at the same time', 100, 'stopped'],
    ["not the user's doing, where it is not", null, 'DEPENDENCY'],
  ])('does not end early without a word when FFmpeg is told to stop: %s', async (_, milliseconds, code) => {
    const controller = new AbortController();
    const clip = await openClip(longClip(), as(160, 120, 3, { signal: controller.signal }));
    const frames = clip.frames();
    await frames.next();
    for (const pid of livingFfmpegs()) process.kill(Number(pid), 'SIGINT');
    // The end itself is what is told: nobody asks for it first.
    if (milliseconds !== null) setTimeout(() => controller.abort({ code: 'stopped' }), milliseconds);
    await expect(collect(frames)).rejects.toMatchObject({ code });
  });

  it('says so when FFmpeg is killed, as where memory runs out', async () => {
    const clip = await openClip(longClip(), as(160, 120, 3));
    const frames = clip.frames();
    await frames.next();
    for (const pid of livingFfmpegs()) process.kill(Number(pid), 'SIGKILL');
    await expect(collect(frames)).rejects.toThrow('FFmpeg was killed by a signal');
  });

  it('is not opened for someone who has already stopped', async () => {
    const options = as(16, 12, 1, { signal: AbortSignal.abort('stopped') });
    await expect(openClip(longClip(), options)).rejects.toBe('stopped');
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
      /^read video: .*text\.mp4: expected a video with .*, received nothing that can be decoded \(FFmpeg: .+\); check/,
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

  it('that is no video is refused with what can be given', async () => {
    writeFileSync(at('weights.safetensors'), Buffer.from('\x40\0\0\0\0\0\0\0{"a":1}'.padEnd(4096)));
    await expect(openClip(at('weights.safetensors'), as(8, 8, 1))).rejects.toMatchObject({
      code: 'INPUT',
      message:
        `read video: ${at('weights.safetensors')}: expected a video with at least one picture, received a file that ` +
        'is no video that FFmpeg knows; give a video file (MP4, WebM, MKV, AVI, GIF or another that FFmpeg plays), ' +
        'a folder of numbered images (PNG, JPEG, WebP, TIFF or AVIF) or an array of NumPy (.npy, .npz)',
    });
  });

  it('without a picture is refused', async () => {
    ffmpeg(['-f', 'lavfi', '-i', 'sine=d=0.2', at('sound.mkv')]);
    await expect(openClip(at('sound.mkv'), as(8, 8, 1))).rejects.toThrow(
      'received a file without a video stream; give a video file (MP4,',
    );
  });
});

/** A thousand frames of 640x480, made once. */
function longClip(): string {
  const path = at('long.mp4');
  if (!made.has(path)) {
    ffmpeg(['-f', 'lavfi', '-i', 'testsrc=s=320x240:r=25:d=40', '-c:v', 'libx264', '-preset', 'ultrafast', path]);
  }
  made.add(path);
  return path;
}
const made = new Set<string>();
