import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { encodePng } from '../../src/video/index.js';
import { folderWith } from '../datasets/made-files.js';
import { randomFrames, randomModel, tinyChain, tinyNetwork } from '../model/tiny-networks.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf } from './tiny-run.js';

const size = { width: 5, height: 7 };
const folder = folderWith({});
let png: Buffer;
beforeAll(async () => {
  saveModel(join(folder, 'model.safetensors'), randomModel([tinyNetwork({ conditioning: [] })]));
  const data = randomFrames({ size, channels: 3 }, 1, 1);
  png = Buffer.from(await encodePng({ ...size, channels: 3, data }));
});

test('pxv complete writes a contact sheet beside nothing else, from half way down by default', async () => {
  const cwd = folderWith({ 'image.png': png });
  const outcome = await pxvInProcess(['complete', 'image.png', '--model', folder, '--samples', '2', '--json'], { cwd });
  expect(outcome.code).toBe(0);
  expect(jsonOf(outcome)).toMatchObject({
    output: 'image-completed.png',
    fromRow: 3,
    samples: 2,
    exact: true,
    dimensions: 60,
    seed: '1',
  });
  expect(existsSync(join(cwd, 'image-completed.png'))).toBe(true);
});

test('pxv complete says that a chain of scales does not draw exactly given the kept rows', async () => {
  const chain = join(folder, 'chain.safetensors');
  saveModel(chain, randomModel(tinyChain({ conditioning: [] })));
  const { stdout } = await pxvInProcess(['complete', 'image.png', '--model', chain], {
    cwd: folderWith({ 'image.png': png }),
  });
  expect(stdout).toMatch(/^image-completed\.png: .* s\nnot exact: a chain of scales draws its coarse image without /);
});

test.each([
  [['image.png'], 2, /^pxv: required option '--model <run\|name>' not specified; see pxv complete --help\n$/],
  [
    ['image.png', '--model', folder, '--from-row', '7'],
    2,
    /^pxv: complete image: --from-row: expected a row from 0 to 6, received 7;/,
  ],
  [
    ['image.png', '--model', folder, '--out', './image.png', '--overwrite'],
    2,
    /^pxv: write: \.\/image\.png: the output would replace the input image\.png; choose another --out\n$/,
  ],
  [
    ['none.png', '--model', folder],
    1,
    /^pxv: read image: none\.png: expected a readable image, received no such file; check its name, [^\n]*\n$/,
  ],
])('pxv complete %j ends with %i and one line', async (args, expected, line) => {
  const onWasm = ['--instruction-set', 'wasm'];
  const { code, stdout, stderr } = await pxvInProcess(['complete', ...args, ...onWasm], {
    cwd: folderWith({ 'image.png': png }),
  });
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  expect(stderr).toMatch(line);
});
