import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseFrameRate } from '../../src/foundation/frame-rate.js';
import { openClip } from '../../src/video/clip-reader.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import {
  as,
  collect,
  ffmpegPrograms,
  frame,
  level,
  lossless,
  makeClip,
  read,
  staircase,
  temporaryFolder,
  useFfmpeg,
} from './made-clips.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);

afterAll(folder.remove);

describe.each(ffmpegPrograms())('the times of a video file, read with %s: one', (_name, program) => {
  useFfmpeg(program);

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
      /^pictures at uneven times, brought to their mean rate of 4\.\d+ \(--fps .*\): some are repeated or dropped$/,
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
    expect(clip.warning).toMatch(/^pictures at uneven times, brought to their mean rate of 4\.\d+ /);
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
    [0, 1],
    [2, 0.55],
  ])('before 0, with %d pictures between others, is read whole, as if at its rate', async (between, seconds) => {
    const codec = ['-c:v', 'libx264', '-qp', '0', '-bf', String(between)];
    const early = ['-avoid_negative_ts', 'disabled', '-output_ts_offset', String(-seconds)];
    const path = makeClip(at('early.mkv'), staircase(23), ...codec, ...early);
    const clip = await openClip(path, as(16, 12, 1));
    const levels = (await collect(clip.frames())).map(level);
    expect(levels).toHaveLength(23);
    expect(levels).toEqual([...new Set(levels)].sort((a, b) => a - b));
    expect(clip.frameRate).toEqual({ numerator: 10, denominator: 1 });
    expect(clip.warning).toBe('pictures without a time that can be right; all are read as if at a rate of 10');
    expect(await read(path, as(16, 12, 1, { frameRate: { numerator: 5, denominator: 1 } }))).toHaveLength(12);
  });

  it('is resampled in time to a rate that is asked for', async () => {
    const path = makeClip(at('slower.mkv'), staircase(20), ...lossless);
    const clip = await openClip(path, as(16, 12, 1, { frameRate: { numerator: 5, denominator: 1 } }));
    expect((await collect(clip.frames())).length).toBe(10);
  });

  it.each([1, 4, 10, 12.5, 25])(
    'brought to %d frames per second has as many as FFmpeg makes of it',
    async (perSecond) => {
      const frameRate = parseFrameRate(String(perSecond))!;
      const path = makeClip(at('counted.mkv'), staircase(23), ...lossless);
      const clip = await openClip(path, as(16, 12, 1, { frameRate }));
      const frames = await collect(clip.frames());
      expect(frames.length).toBe(await countedByFfmpeg(path, perSecond));
      expect(Math.abs(frames.length - clip.estimatedFrames!)).toBeLessThanOrEqual(1);
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
    expect(clip.warning).toBe('10 frames per second, of which some are repeated to make 20');
  });

  it('that repeats and pauses at its end, as a GIF, is read once and without the pause', async () => {
    const path = makeClip(at('pause.gif'), staircase(6), '-final_delay', '300', '-loop', '0');
    const clip = await openClip(path, as(16, 12, 1));
    expect((await collect(clip.frames())).map((f) => Math.round(level(f) / 10))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(clip.frameRate).toEqual({ numerator: 10, denominator: 1 });
  });
});

/** Frames that FFmpeg's own filter makes of a file, the last picture included. */
async function countedByFfmpeg(path: string, perSecond: number): Promise<number> {
  const args = ['-v', 'error', '-i', path, '-vf', `fps=${perSecond}:eof_action=pass`, '-f', 'framecrc', '-'];
  const { stdout } = spawnSync((await findFfmpeg()).path, args, { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.startsWith('0,')).length;
}
