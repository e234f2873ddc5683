import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import type { Frame } from '../../src/foundation/frame.js';
import { openClip } from '../../src/video/index.js';
import { filmClip, model } from '../commands/train/tiny-clips.js';
import { lossless, makeClip, temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { pxv } from './pxv.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);
const size = { width: 24, height: 16 };
const clip = at('clip.mkv');
/** The first frames of the example. */
const count = 12;
beforeAll(async () => {
  const frames: Frame[] = [];
  for await (const frame of (await openClip('examples/asl_yes.mkv', { size, channels: 3 })).frames())
    if (frames.length < count) frames.push(frame);
  makeClip(clip, frames, ...lossless, '-pix_fmt', 'bgr0');
});

async function framesOf(path: string): Promise<Buffer[]> {
  const reader = await openClip(path, { size, channels: 3 });
  const found: Buffer[] = [];
  for await (const { data } of reader.frames()) found.push(Buffer.from(data));
  return found;
}

slowTest('a clip is decoded to the last bit, also by WebAssembly, and damage costs what is said', async () => {
  const options = ['--size', '24x16', '--key-frame-interval', '4', '--json', '--quiet'];
  const written = await pxv(['encode', clip, ...options, '--out', at('clip.pxv'), '--instruction-set', 'wasm']);
  expect(written).toMatchObject({ code: 0, stderr: '' });
  const found = JSON.parse(written.stdout) as Record<string, number> & { keyFrames: { frames: number } };
  const bytes = readFileSync(at('clip.pxv'));
  expect([found.frames, found.bytes, found.keyFrames.frames]).toEqual([count, bytes.length, 3]);
  const bits = found.modelBitsPerDim * count * 24 * 16 * 3;
  expect(bytes.length).toBeLessThanOrEqual((1.001 * bits) / 8 + 64 + 12 * count);

  expect((await pxv(['decode', at('clip.pxv'), '--out', at('frames')])).code).toBe(0);
  const truth = await framesOf(clip);
  expect(await framesOf(at('frames'))).toEqual(truth);

  bytes[Math.floor(bytes.length / 2)] ^= 4;
  writeFileSync(at('damaged.pxv'), bytes);
  const damaged = await pxv(['decode', at('damaged.pxv'), '--out', at('rest')]);
  expect(damaged.code).toBe(1);
  const [, from, to] = (/damaged\.pxv is damaged: frames (\d+) to (\d+) are lost\n$/.exec(damaged.stdout) ?? []).map(
    Number,
  );
  expect([(to + 1) % 4, to - from < 4]).toEqual([0, true]);
  expect(await framesOf(at('rest'))).toEqual([...truth.slice(0, from), ...truth.slice(to + 1)]);
});

slowTest('a file that holds its model is read where nobody else has the model', async () => {
  saveModel(at('mine.safetensors'), { ...model, step: 1 });
  const film = filmClip(folder.path, 'slope.mkv', 6);
  const encode = ['encode', film, '--model', at('mine.safetensors'), '--out'];
  expect((await pxvInProcess([...encode, at('alone.pxv')])).code).toBe(0);
  expect((await pxvInProcess([...encode, at('whole.pxv'), '--with-model'])).code).toBe(0);
  rmSync(at('mine.safetensors'));
  const refused = await pxvInProcess(['decode', at('alone.pxv'), '--out', at('alone')]);
  expect(refused.stderr).toMatch(
    /expected the model [0-9a-f]{16}, received others; name the model of the encoder: --model RUN/,
  );
  expect((await pxvInProcess(['decode', at('whole.pxv'), '--out', at('whole')])).code).toBe(0);
  expect(readdirSync(at('whole'))).toHaveLength(6);
});

test('what cannot be written or read is said in one line, and leaves nothing', async () => {
  writeFileSync(at('there.pxv'), 'mine');
  const cases: [string[], RegExp][] = [
    [['encode', clip, '--out', at('there.pxv')], /the file exists; choose another --out/],
    [['encode', 'none.mp4'], /received no such file; check the path$/],
    [['decode', clip, '--out', at('none')], /expected a file of pxv encode, received another kind of file/],
    [['decode', 'none.pxv', '--out', at('none')], /^pxv: decode: none\.pxv: expected a file that can be read/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await pxvInProcess(args);
    expect(code).toBeGreaterThan(0);
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
  }
  expect(readFileSync(at('there.pxv'), 'utf8')).toBe('mine');
  expect([existsSync(at('none')), readdirSync(folder.path).filter((name) => name.includes('partial'))]).toEqual([
    false,
    [],
  ]);
});
