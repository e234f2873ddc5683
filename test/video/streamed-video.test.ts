import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { Frame } from '../../src/foundation/frame.js';
import { openClip } from '../../src/video/clip-reader.js';
import { openStream, type StreamOptions } from '../../src/video/streamed-video.js';
import { ffmpegPrograms, frame, makeClip, temporaryFolder, useFfmpeg } from './made-clips.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const frames = [0, 1, 2, 3].map((at) => frame(24, 16, 3, (x, y, channel) => 40 * at + 3 * x + y + 50 * channel));

async function given(bytes: Readable, options: StreamOptions) {
  const { size, frameRate, frames: source } = await openStream(bytes, options);
  const found: Frame[] = [];
  for await (const each of source) found.push(each);
  return { size, frameRate, data: found.map(({ data }) => Buffer.from(data)) };
}

describe.each(ffmpegPrograms())('with %s', (_, program) => {
  useFfmpeg(program);

  slowTest('a film gives the frames that its file gives, at its own size and rate or others', async () => {
    const path = makeClip(join(folder.path, 'film.mkv'), frames, '-c:v', 'ffv1', '-pix_fmt', 'gbrp');
    for (const size of [
      { width: 24, height: 16 },
      { width: 8, height: 8 },
      { shortSide: 8 },
      { within: { width: 12, height: 12 } },
    ]) {
      const clip = await openClip(path, { size, channels: 3 });
      const wanted: Buffer[] = [];
      for await (const { data } of clip.frames()) wanted.push(Buffer.from(data));
      const found = await given(Readable.from([readFileSync(path)]), { size, channels: 3 });
      expect([found.size, found.frameRate]).toEqual([clip.size, { numerator: 10, denominator: 1 }]);
      expect(found.data).toEqual(wanted);
    }
    const slower = await given(Readable.from([readFileSync(path)]), {
      ...{ size: { shortSide: 16 }, channels: 1, frameRate: { numerator: 5, denominator: 1 } },
    });
    expect([slower.data.length, slower.data[0].length]).toEqual([2, 24 * 16]);
    const binary = await given(Readable.from([readFileSync(path)]), {
      ...{ size: { shortSide: 16 }, channels: 1, levels: 2 },
    });
    expect([...new Set(binary.data.flatMap((bytes) => [...bytes]))].sort((a, b) => a - b)).toEqual([0, 255]);
  });
});

test('raw frames are given as they come, before the stream has ended, and an aborted signal is its end', async () => {
  const input = new PassThrough();
  const stop = new AbortController();
  input.write(Buffer.concat([frames[0].data, frames[1].data.subarray(0, 100)]));
  const size = { width: 24, height: 16 };
  const { frames: source } = await openStream(input, { size, channels: 3, rawSize: size, signal: stop.signal });
  expect(Buffer.from((await source.next()).value!.data)).toEqual(Buffer.from(frames[0].data));
  input.write(frames[1].data.subarray(100));
  expect(Buffer.from((await source.next()).value!.data)).toEqual(Buffer.from(frames[1].data));
  stop.abort();
  expect((await source.next()).done).toBe(true);
  expect(input.destroyed).toBe(true);
});

test('a signal that is aborted before the first frame rejects with its reason, whenever it was aborted', async () => {
  const size = { width: 24, height: 16 };
  const reason = new Error('no longer needed');
  const late = new AbortController();
  for (const signal of [AbortSignal.abort(reason), late.signal]) {
    const input = new PassThrough();
    const opened = openStream(input, { size, channels: 3, rawSize: size, signal });
    setTimeout(() => late.abort(reason), 200);
    await expect(opened).rejects.toBe(reason);
    expect(input.destroyed).toBe(true);
  }
});

test('what is no film is refused in one line', async () => {
  for (const bytes of ['', 'no film'])
    await expect(given(Readable.from([Buffer.from(bytes)]), { size: { shortSide: 8 }, channels: 3 })).rejects.toThrow(
      /^read video: standard input: expected a video, or raw frames with --raw, received .*; check the input$/,
    );
});
