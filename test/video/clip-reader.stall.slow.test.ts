import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClip } from '../../src/video/clip-reader.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';
import { collect, livingFfmpegs, lossless, makeClip, staircase, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
const { PXV_FFMPEG } = process.env;

afterAll(() => {
  if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
  else process.env.PXV_FFMPEG = PXV_FFMPEG;
  folder.remove();
});

it('a film of which FFmpeg gives nothing for a minute is given up, and the process with it', async () => {
  const path = makeClip(join(folder.path, 'film.mkv'), staircase(3), ...lossless);
  const hanging = join(folder.path, 'ffmpeg');
  writeFileSync(
    hanging,
    `#!/bin/sh\ncase "$*" in *"-f rawvideo"*) exec sleep 600;; *) exec ${(await findFfmpeg()).path} "$@";; esac\n`,
  );
  chmodSync(hanging, 0o755);
  process.env.PXV_FFMPEG = hanging;

  const clip = await openClip(path, { size: { width: 16, height: 12 }, channels: 1 });
  await expect(collect(clip.frames())).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(
      /film\.mkv: expected the next frame, received nothing from FFmpeg for 60 s;/,
    ) as string,
  });
  expect(livingFfmpegs()).toEqual([]);
});
