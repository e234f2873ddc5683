import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../../../src/backend/choose-backend.js';
import { decodeFile } from '../../../src/commands/codec/decode-file.js';
import { encodeClip } from '../../../src/commands/codec/encode-clip.js';
import { saveModel } from '../../../src/model/checkpoint.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { filmClip, model } from '../train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);
const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  saveModel(at('tiny.safetensors'), { ...model, step: 1 });
  await encodeClip({ ...model, name: 'tiny' }, filmClip(folder.path, 'slope.mkv', 3), { out: at('slope.pxv') });
});
const decode = (out: string, onFrame?: () => void) =>
  decodeFile(at('slope.pxv'), { out: at(out), model: at('tiny.safetensors'), onFrame });

test('a file that appears at the output while frames are decoded is not replaced', async () => {
  const writing = decode('late.mkv', () => writeFileSync(at('late.mkv'), 'mine'));
  await expect(writing).rejects.toMatchObject({ code: 'OUTPUT' });
  expect(readFileSync(at('late.mkv'), 'utf8')).toBe('mine');
});

test('a frame that does not fit in memory is refused before the first one', async () => {
  process.env.PXV_MEMORY = '10';
  await expect(decode('large')).rejects.toThrow(
    /^decode: memory: expected at most the 10 MiB of memory that are free, received about \d.* for one frame of 5x7; /,
  );
  expect(existsSync(at('large'))).toBe(false);
});
