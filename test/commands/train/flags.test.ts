import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addFields } from '../../../cli/options.js';
import { flagSpelling } from '../../../src/foundation/option-fields.js';
import { buildConfiguration } from '../../../src/commands/train/build-configuration.js';
import { assertCompatibleFlags, trainFlags, type TrainOptions } from '../../../src/commands/train/flags.js';
import { modelFlags } from '../../../src/commands/train/options.js';
import { temporaryFolder } from '../../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** What `pxv train` makes of its options. */
async function configured(...given: (string | ((text: string) => void))[]) {
  const args = given.filter((one) => typeof one === 'string');
  const say = given.find((one) => typeof one === 'function') ?? (() => undefined);
  const options = addFields(new Command(), trainFlags).parse(args, { from: 'user' }).opts<TrainOptions>();
  assertCompatibleFlags(options);
  return buildConfiguration(options, say);
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
    message: expect.stringMatching(/frameRate.*must be frames per second, such as "10"/) as string,
  });
});

test('--fps is refused for images, and beside --resume, which brings its own', async () => {
  const images = expect.stringMatching(/^train: --fps: expected clips to train on, .*received images/) as string;
  await expect(configured('--images', 'cifar', '--fps', '10')).rejects.toMatchObject({
    code: 'USAGE',
    message: images,
  });
  const resumed = expect.stringMatching(/^train: --fps: expected no option that --resume brings with it/) as string;
  await expect(configured('--resume', '--fps', '10')).rejects.toMatchObject({ code: 'USAGE', message: resumed });
});

test('--frames moving-mnist chooses sequences, and is a path where there is one, or beside others', async () => {
  const made = await configured('--frames', 'moving-mnist', '--data', 'digits', '--context', '2');
  expect(made.data).toEqual({ type: 'moving-mnist', folder: join(process.cwd(), 'digits') });
  expect(made.model.scales).toMatchObject([{ size: { width: 64, height: 64 }, channels: 1 }]);
  expect((await configured('--frames', 'moving-mnist')).data).toEqual({ type: 'moving-mnist', folder: null });
  expect((await configured('--frames', 'moving-mnist', 'clips')).data).toMatchObject({ type: 'clips' });

  const file = join(folder.path, 'moving.json');
  writeFileSync(file, JSON.stringify({ data: made.data }));
  expect((await configured('--config', file)).data).toEqual(made.data);
  const moved = await configured('--config', file, '--data', 'elsewhere');
  expect(moved.data).toEqual({ type: 'moving-mnist', folder: join(process.cwd(), 'elsewhere') });
  expect((await configured('--config', file, '--frames', 'clips')).data).toMatchObject({ type: 'clips' });

  const before = process.cwd();
  mkdirSync(join(folder.path, 'moving-mnist'));
  process.chdir(folder.path);
  try {
    expect((await configured('--frames', 'moving-mnist')).data).toMatchObject({ type: 'clips' });
  } finally {
    process.chdir(before);
  }
});

test.each([
  [
    ['--frames', 'moving-mnist', '--fit', 'crop'],
    /^train: --fit: expected clips to train on, .*received moving-mnist;/,
  ],
  [
    ['--frames', 'clips', '--data', 'd'],
    /^train: --data: expected images or moving-mnist to train on, .*received clips;/,
  ],
  [['--images', 'cifar', '--context', '2'], /^train: --context: expected clips or moving-mnist to .*received images;/],
])('an option of other data is refused: %j', async (args, message) => {
  const refused = { code: 'USAGE', message: expect.stringMatching(message) as string };
  await expect(configured(...args)).rejects.toMatchObject(refused);
});

test.each([
  [{ type: 'clips', list: 'clips.tsv' }, /^train: --frames: no training data in .*; give video files or folders,/],
  [{ type: 'images' }, /^train: --images: no training data in .*; give a data set,/],
  [null, /^train: --frames or --images: no training data in .*; give video files .* or a data set,/],
])('a configuration that leaves its clips or images to the command line asks for them: %j', async (data, message) => {
  const file = join(folder.path, 'recipe.json');
  writeFileSync(file, JSON.stringify({ data }));
  const refused = { code: 'USAGE', message: expect.stringMatching(message) as string };
  await expect(configured('--config', file)).rejects.toMatchObject(refused);
});

test('an error about a value names its option if one gave the value, else the key of the configuration', async () => {
  const file = join(folder.path, 'named.json');
  const data = { type: 'clips', frames: ['clips'] };
  writeFileSync(file, JSON.stringify({ model: { head: 'sigmoid' }, training: { shards: 3 }, data }));
  const refusal = (...args: string[]) =>
    configured(...args).then(
      () => null,
      ({ message }: Error) => message,
    );
  expect(await refusal('--frames', 'clips', '--shards', '3')).toBe(
    'train: --shards: expected a valid value, received 3 (must be a power of two, such as 4 or 8); correct --shards',
  );
  expect(await refusal('--config', file)).toMatch(/: expected a valid 'training\.shards'.*correct 'training\.shards'$/);
  expect(await refusal('--config', file, '--shards', '2', '--levels', '4')).toMatch(
    /^train: --levels: .* received 4 \(the head 'sigmoid' takes 2 at most\); correct --levels$/,
  );
  expect(await refusal('--frames', 'clips', '--shards', '16')).toMatch(/^train: --shards: .*at most 8/);
});

test('options come before the model of --config, and what they change is said', async () => {
  const { model, training, data } = await configured('--frames', 'clips', '--hidden', '12', '--layers', '2');
  const file = join(folder.path, 'overridden.json');
  writeFileSync(file, JSON.stringify({ model, training, data }));
  const said: string[] = [];
  const args = ['--config', file, '--hidden', '24', '--layers', '2', '--size', '32x16', '--network', 'row-lstm'];
  const { model: changed } = await configured(...args, (text) => said.push(text));
  expect(changed.scales).toMatchObject([
    {
      size: { width: 32, height: 16 },
      first: { features: 48 },
      layers: Array(2).fill({ type: 'row-lstm', hidden: 24 }),
    },
  ]);
  expect(said).toEqual([
    `--network: row-lstm in place of the pixel-cnn of ${file}`,
    `--hidden: 24 in place of the 12 of ${file}`,
    `--size: 32x16 in place of the 64x64 of ${file}`,
  ]);

  writeFileSync(file, JSON.stringify({ model: { hidden: 6, layers: 1 }, training, data }));
  const { model: chosen } = await configured('--config', file, '--layers', '2');
  expect(chosen.scales[0].layers).toEqual(Array(2).fill({ type: 'pixel-cnn-block', hidden: 6 }));

  writeFileSync(file, JSON.stringify({ model: { hidden: 6, colours: 'apart', skips: true }, training, data }));
  const { model: ofChoices } = await configured('--config', file);
  expect(ofChoices.scales[0]).toMatchObject({ skips: true, head: { colours: 'apart' } });
  writeFileSync(file, JSON.stringify({ model: ofChoices, training, data }));
  const { model: kept } = await configured('--config', file, '--layers', '2');
  expect(kept.scales[0]).toMatchObject({ skips: true, head: { colours: 'apart' }, layers: { length: 2 } });

  const own = { ...model, scales: [{ ...model.scales[0], first: { kernel: 5, features: 24 } }] };
  writeFileSync(file, JSON.stringify({ model: own, training, data }));
  expect((await configured('--config', file)).model).toEqual(own);
  const resized = { ...own, scales: [{ ...own.scales[0], size: { width: 32, height: 16 } }] };
  said.length = 0;
  expect((await configured('--config', file, '--size', '32x16', (text) => said.push(text))).model).toEqual(resized);
  expect(said).toEqual([`--size: 32x16 in place of the 64x64 of ${file}`]);
  await expect(configured('--config', file, '--head-width', '24')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(
      /a model that options describe, .* received a model of its own, and --head-width; change the model in the file$/,
    ) as string,
  });
});

test('an empty path, as of a variable that is not set, does not become the folder at hand', async () => {
  const { data } = await configured('--frames', '', '--validate', '');
  expect(data).toMatchObject({ frames: [''], validate: [''] });
  expect((await configured('--frames', 'a')).data).toMatchObject({ frames: [join(process.cwd(), 'a')] });
});

test('a training has one length: steps and minutes together are refused, new or resumed', async () => {
  const message = expect.stringMatching(/^train: --minutes: expected one length .* --steps and --minutes/) as string;
  const both = ['--steps', '3', '--minutes', '1'];
  await expect(configured('--frames', 'clips', ...both)).rejects.toMatchObject({ code: 'USAGE', message });
});

/** An example of each option of the network. */
const networkOptions: Record<keyof typeof modelFlags, string[]> = {
  network: ['row-lstm'],
  hidden: ['6'],
  layers: ['1'],
  head: ['softmax'],
  output: ['12'],
  size: ['24x16'],
  channels: ['gray'],
  levels: ['16'],
  context: ['2'],
  frames: ['previous-frames'],
  factors: ['2'],
  shared: ['known', '--scales', '2'],
};

test('clips alone start from the shipped model; each option of the network but the size starts afresh', async () => {
  const fromOf = async (...args: string[]) => (await configured('--frames', 'clips', ...args)).training.from;
  expect(await fromOf()).toBe('video-64');
  expect(await fromOf('--minutes', '5', '--batch', '2', '--mirror', '--seed', '3')).toBe('video-64');
  expect(await fromOf('--from', 'none')).toBeNull();
  expect(await fromOf('--from', 'none', '--layers', '1')).toBeNull();
  expect(await fromOf('--from', 'video-64')).toBe('video-64');
  for (const [name, values] of Object.entries(networkOptions) as [keyof typeof modelFlags, string[]][]) {
    const from = await fromOf(flagSpelling(name, modelFlags[name]), ...values);
    expect({ name, from }).toEqual({ name, from: name === 'size' ? 'video-64' : null });
  }
});

test('a size is taken by the model that a training starts from; other options of the network are refused', async () => {
  const { model } = await configured('--frames', 'clips', '--from', 'video-64', '--size', '24x16');
  expect(model.scales).toMatchObject([{ size: { width: 24, height: 16 }, layers: { length: 5 } }]);
  await expect(configured('--frames', 'clips', '--from', 'video-64', '--layers', '2')).rejects.toThrow(/--layers/);
});

test('a configuration starts from random weights, unless it or an option names a model', async () => {
  const file = join(folder.path, 'start.json');
  const fromOf = async (training: object, ...args: string[]) => {
    writeFileSync(file, JSON.stringify({ training, data: { type: 'clips', frames: ['clips'] } }));
    return (await configured('--config', file, ...args)).training.from;
  };
  expect(await fromOf({ steps: 3 })).toBeNull();
  expect(await fromOf({ from: 'video-64' })).toBe('video-64');
  expect(await fromOf({ from: 'video-64' }, '--from', 'none')).toBeNull();
  expect(await fromOf({}, '--from', 'video-64')).toBe('video-64');
});
