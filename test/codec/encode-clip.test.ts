import { join } from 'node:path';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { saveModel } from '../../src/model/checkpoint.js';
import { decodeFile } from '../../src/codec/decode-file.js';
import { encodeClip } from '../../src/codec/encode-clip.js';
import { temporaryFolder } from '../video/made-clips.js';
import { filmClip, model } from '../train/tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => chooseBackend({ threads: 1 }));

test('a program that wants to hear of nothing writes a clip and reads it', async () => {
  const [name, out] = ['model.safetensors', 'clip.pxv'].map((name) => join(folder.path, name));
  saveModel(name, { ...model, step: 1 });
  const written = await encodeClip({ ...model, name }, filmClip(folder.path, 'slope.mkv', 6), {
    out,
    keyFrameInterval: 4,
  });
  expect(written).toMatchObject({ path: out, width: 5, height: 7, frames: 6, frameRate: 10, keyFrames: { frames: 2 } });
  const read = await decodeFile(out, { out: join(folder.path, 'frames'), model: name });
  const expected = { width: 5, height: 7, frames: 6, isStillImages: false, frameRate: 10, lost: [] };
  expect(read).toEqual({ path: join(folder.path, 'frames'), ...expected });
});
