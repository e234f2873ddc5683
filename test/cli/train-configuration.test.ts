import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../cli/train.js';
import { configurationOf, refuseMisplaced, type TrainOptions } from '../../cli/train-configuration.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** What `pxv train` makes of its options. */
async function configured(...args: string[]) {
  const train = command();
  train.parseOptions(args);
  const options = train.opts<TrainOptions>();
  refuseMisplaced(train, options);
  return configurationOf(train, options, () => undefined);
}

test('--fps goes into the data, before that of a configuration file', async () => {
  expect((await configured('--frames', 'clips')).data).toMatchObject({ type: 'clips', frameRate: null });
  const { model, training, data } = await configured('--frames', 'clips', '--fps', '29.97');
  expect(data).toMatchObject({ type: 'clips', frameRate: '30000/1001' });

  const file = join(folder.path, 'config.json');
  writeFileSync(file, JSON.stringify({ model, training, data }));
  expect((await configured('--config', file)).data).toMatchObject({ frameRate: '30000/1001' });
  expect((await configured('--config', file, '--fps', '10')).data).toMatchObject({ frameRate: '10' });
  writeFileSync(file, JSON.stringify({ model, training, data: { ...data, frameRate: 'fast' } }));
  await expect(configured('--config', file)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/frameRate.*must be frames a second, such as "10"/) as string,
  });
});

test('--fps is refused for images, and beside --resume, which brings its own', async () => {
  const images = expect.stringMatching(/^train: --fps: expected clips to learn from, .*received images/) as string;
  await expect(configured('--images', 'cifar', '--fps', '10')).rejects.toMatchObject({
    code: 'USAGE',
    message: images,
  });
  const resumed = expect.stringMatching(/^train: --fps: expected no option that --resume brings with it/) as string;
  await expect(configured('--resume', '--fps', '10')).rejects.toMatchObject({ code: 'USAGE', message: resumed });
});
