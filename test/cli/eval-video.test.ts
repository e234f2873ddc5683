import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { writeClip } from '../../src/video/index.js';
import { framedNetworks, randomModel } from '../model/tiny-networks.js';
import { frame, temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';

const folder = temporaryFolder();
afterAll(folder.remove);

test('eval-video of a clip in which nothing moves has dashes where nothing can be compared', async () => {
  const [, network] = framedNetworks.find(([name]) => /of 2 with block matching/.test(name))!;
  saveModel(join(folder.path, 'tiny.safetensors'), randomModel([network]));
  const still = Array.from({ length: 6 }, () => frame(5, 4, 3, (x, y, c) => 20 * x + 10 * y + c));
  await writeClip(join(folder.path, 'still'), still, { frameRate: { numerator: 10, denominator: 1 } });
  const args = [
    'eval-video',
    'still',
    '--model',
    'tiny.safetensors',
    '--samples',
    '1',
    '--starts',
    '1',
    '--horizon',
    '2',
  ];
  const { code, stdout } = await pxvInProcess(args, { cwd: folder.path });
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ *1 +0\.00( +-)+$/m) as string });
  expect(stdout).toMatch(/^still .* -$/m);
  expect(stdout).not.toMatch(/NaN|Infinity/);
});
