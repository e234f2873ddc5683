import { join } from 'node:path';
import { loadModel } from '../../../src/model/checkpoint.js';
import { inferChoices, describeModel } from '../../../src/model/presets.js';
import { configureTraining } from '../../../src/commands/train/configure-training.js';
import { runSchema } from '../../../src/training/configuration.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { writePng } from '../../../src/video/index.js';
import { frame } from '../../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const clips = { type: 'clips' as const, frames: ['clips'] };

/** A folder of images of 9x7. */
async function imageFolder(): Promise<string> {
  for (const index of [0, 1])
    await writePng(
      join(folder.path, `${index}.png`),
      frame(9, 7, 3, () => 40 * index),
    );
  return folder.path;
}

test('a request without data, or with data of no kind, is refused in one line', async () => {
  for (const data of [undefined, {}])
    await expect(configureTraining({ data } as never)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^configure training: request: expected .*data/) as string,
    });
});

test.each([
  [{ type: 'clips' }, 'frames'],
  [{ type: 'clips', list: 'clips.tsv' }, 'frames'],
  [{ type: 'clips', frames: ['clips'], list: 3 }, 'list'],
  [{ type: 'images' }, 'set'],
])(
  'data without a key that they need, or with another value, are refused before they are read: %j',
  async (data, key) => {
    await expect(configureTraining({ data } as never)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(
        `^configure training: request: expected a valid 'data.${key}', received`,
      ) as string,
    });
  },
);

test('a training on clips starts from the small shipped model, at a size if one is given, and says so', async () => {
  const said: string[] = [];
  const configured = (request: object) =>
    configureTraining({ data: clips, ...request }, undefined, (text) => said.push(text));
  const shipped = loadModel('video-64').description;
  const { model, training } = await configured({});
  expect({ model, from: training.from, said }).toEqual({
    ...{ model: shipped, from: 'video-64' },
    said: [expect.stringMatching(/^starts from video-64, .* whose decoder learns; --from none: random weights$/)],
  });
  expect(training).toMatchObject({ mirror: false, stages: [{ trains: 'decoder', rate: 3e-4, crops: 0 }] });
  const small = await configured({ model: { size: { width: 24, height: 16 } } });
  expect(small).toMatchObject({ training: { from: 'video-64' }, model: { scales: [{ size: { width: 24 } }] } });

  said.length = 0;
  const own = await configured({ model: { layers: 2 } });
  expect({ from: own.training.from, said }).toEqual({
    ...{
      from: null,
      said: ["starts from random weights, since options describe a network that is not video-64's"],
    },
  });
  said.length = 0;
  expect((await configured({ model: shipped })).training.from).toBeNull();
  expect((await configured({ data: { type: 'images', set: await imageFolder() } })).training.from).toBeNull();
  expect(said).toEqual([]);
});

test('of clips all may be left out but the clips, from random weights too', async () => {
  const { model, training, data } = await configureTraining({ data: clips, training: { from: null } });
  expect(training).toMatchObject({
    ...{ seed: '1', batch: 8, mirror: true, steps: null, minutes: 20 },
    stages: [{ trains: 'all', share: 1, crops: 0.5 }],
  });
  expect(data).toMatchObject({ validate: [], fit: 'crop' });
  expect(model.scales).toMatchObject([
    { size: { width: 64, height: 64 }, channels: 3, head: { type: 'logistic-mixture' } },
  ]);
  expect(model.scales[0].conditioning).toMatchObject([{ type: 'warped-frames' }]);
});

test('images are learned as they are: neither mirrored nor in part, in larger batches, at their own size', async () => {
  const { model, training } = await configureTraining({ data: { type: 'images', set: await imageFolder() } });
  expect(training).toMatchObject({ batch: 16, mirror: false, stages: [{ crops: 0 }], minutes: 20 });
  expect(model.scales).toMatchObject([
    { size: { width: 9, height: 7 }, channels: 3, levels: 256, head: { type: 'softmax' }, conditioning: [] },
  ]);
});

test('sequences of Moving MNIST are learned as they are, in grey, from random weights', async () => {
  const said: string[] = [];
  const data = { type: 'moving-mnist' as const };
  const { model, training } = await configureTraining({ data }, undefined, (text) => said.push(text));
  expect(training).toMatchObject({ from: null, batch: 8, mirror: false, stages: [{ crops: 0 }], minutes: 20 });
  expect(model.scales).toMatchObject([
    { size: { width: 64, height: 64 }, channels: 1, levels: 256, head: { type: 'logistic-mixture' } },
  ]);
  expect(said).toEqual([]);
  const ahead = await configureTraining({ data, training: { stages: [{ rollOuts: 2 }] } });
  expect(ahead.training.stages[0].rollOuts).toBe(2);
  await expect(configureTraining({ data, training: { stages: [{ crops: 0.5 }] } })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/training\.stages\.0\.crops.*for clips alone/) as string,
  });
  await expect(configureTraining({ data: { ...data, list: 'clips.tsv' } })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/data\.list: .*received moving-mnist; leave it out/) as string,
  });
});

test('a configuration read by the schema alone has the same defaults', async () => {
  const { model } = await configureTraining({ data: clips, training: { from: null } });
  const read = runSchema.parse({ model, data: { type: 'images', set: 'mnist' } });
  expect(read.training).toMatchObject({ batch: 16, mirror: false, stages: [{ crops: 0 }], minutes: 20 });
  expect(runSchema.parse({ model, training: { steps: 3 }, data: clips }).training).toMatchObject({
    ...{ batch: 8, mirror: true, steps: 3, minutes: null },
  });
});

test.each(['crops', 'rollOuts', 'batch'])('what is for clips alone is refused with images: %s', async (name) => {
  const request = {
    training: { stages: [{ [name]: 1 }] },
    data: { type: 'images' as const, set: await imageFolder() },
  };
  await expect(configureTraining(request)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(new RegExp(`training\\.stages\\.0\\.${name}.*for clips alone`)) as string,
  });
});

test('a loss on expected frames is refused where none is learned', async () => {
  const stagesOf = (stage: object) => ({ training: { stages: [{}, stage] }, data: clips });
  const refused = /training\.stages\.1\.anchorLoss.*models that learn the expected frame, in stages that train it/;
  for (const [stage, choices] of [
    [{ trains: 'decoder', anchorLoss: 'mse' }, {}],
    [{ anchorLoss: 'mse' }, { frames: 'previous-frames' }],
  ])
    await expect(
      configureTraining({ model: { network: 'pixel-cnn', ...choices } as never, ...stagesOf(stage) }),
    ).rejects.toMatchObject({ message: expect.stringMatching(refused) as string });
});

test('a loss on expected frames is refused where a trained model learns the decoder alone by default', () => {
  const training = { steps: 3, from: 'video-64', stages: [{ anchorLoss: 'mse' }] };
  const parsed = (stage: object) =>
    runSchema.safeParse({
      model: describeModel('pixel-cnn', {
        size: { width: 8, height: 8 },
        channels: 3,
        levels: 256,
        hidden: 6,
        layers: 1,
        head: 'softmax',
        context: 2,
      }),
      training: { ...training, stages: [{ ...training.stages[0], ...stage }] },
      data: clips,
    }).success;
  expect(parsed({})).toBe(false);
  expect(parsed({ rollOuts: 1 })).toBe(true);
  expect(parsed({ trains: 'all' })).toBe(true);
});

test('choices that are given come before the defaults, and a whole description before them', async () => {
  const { model } = await configureTraining({ model: { network: 'row-lstm', hidden: 6, levels: 2 }, data: clips });
  expect(model.scales[0]).toMatchObject({ levels: 2, layers: Array(5).fill({ type: 'row-lstm', hidden: 6 }) });
  expect((await configureTraining({ model, data: clips })).model).toEqual(model);
});

test.each([
  ['pixel-cnn', { head: 'logistic-mixture', context: 3 }],
  ['row-lstm', { head: 'softmax', context: 0, initialState: 'learned', skips: true }],
  ['diagonal-bilstm', { head: 'softmax', context: 2, frames: 'previous-frames', output: [9, 12] }],
  ['pixel-cnn', { head: 'logistic-mixture', context: 0, factors: [2, 2], shared: 'predicted' }],
] as const)('the choices of a described %s describe it again: %j', (network, settings) => {
  const size = { width: 24, height: 16 };
  const model = describeModel(network, { size, channels: 3, levels: 256, hidden: 6, layers: 2, ...settings } as never);
  const { network: name, ...choices } = inferChoices(model)!;
  expect(name).toBe(network);
  expect(describeModel(name, choices)).toEqual(model);
});

test('a model that no choices describe has none', () => {
  const settings = { channels: 3, levels: 256, hidden: 6, layers: 2, head: 'softmax', context: 0 } as const;
  const model = describeModel('pixel-cnn', { size: { width: 8, height: 8 }, ...settings });
  const [network] = model.scales;
  expect(inferChoices({ ...model, scales: [{ ...network, first: { kernel: 5, features: 12 } }] })).toBeNull();
  expect(inferChoices({ ...model, scales: [{ ...network, layers: [] }] })).toBeNull();
});

test.each([
  [{ hiden: 6 }, /unknown key 'model\.hiden'; did you mean 'hidden'\?/],
  [{ scales: [2] }, /unknown key 'model\.scales'; did you mean 'factors'\?/],
  [{ conditioning: 'previous-frames' }, /unknown key 'model\.conditioning'; did you mean 'frames'\?/],
  [{ network: 'pixelcnn' }, /model\.network/],
  [{ layers: '3' }, /model\.layers/],
  ['video-64', /'model'/],
  [null, /'model'/],
])('choices of a model that are none are refused in one line: %j', async (model, message) => {
  await expect(configureTraining({ model: model as never, data: clips })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(message) as string,
  });
});

test.each([
  [{ data: { ...clips, fps: '10' } }, /unknown key 'data\.fps'; did you mean 'frameRate'\?$/],
  [{ data: clips, training: { learningRate: 0.1 } }, /'training\.learningRate'; did you mean 'stages\.rate'\?$/],
])('a setting under the name of its flag is refused with its own name: %j', async (request, message) => {
  await expect(configureTraining(request as never)).rejects.toThrow(message);
});

test('how futures are drawn is for models of clips, and a carry for those that learn the expected frame', async () => {
  const drawing = { temperature: 0.9, warming: 0, carry: 0.5 };
  expect((await configureTraining({ drawing, data: clips })).drawing).toEqual(drawing);
  const images = { type: 'images' as const, set: await imageFolder() };
  const refusals = [
    [{ drawing, data: images }, /drawing.*models of clips/],
    [{ model: { frames: 'previous-frames' as const }, drawing, data: clips }, /drawing.*expected frame/],
  ] as const;
  for (const [request, message] of refusals)
    await expect(configureTraining(request)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message) as string,
    });
});
