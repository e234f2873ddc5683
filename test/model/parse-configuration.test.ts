import { z } from 'zod';
import type { PxvError } from '../../src/foundation/errors.js';
import { modelSchema } from '../../src/model/description.js';
import { parseConfiguration } from '../../src/foundation/parse-configuration.js';
import { describeModel } from '../../src/model/presets.js';
import { parseRunConfiguration, runSchema } from '../../src/training/configuration.js';
import { guidedChain, guidedChainOfThree, tinyChain } from './tiny-networks.js';

const source = { operation: 'train', argument: 'config.json', code: 'USAGE' } as const;
const settings = {
  size: { width: 12, height: 10 },
  channels: 3,
  levels: 256,
  hidden: 6,
  layers: 2,
  head: 'logistic-mixture',
  context: 2,
} as const;
const model = describeModel('pixel-cnn', settings);
const run = { model, training: { steps: 3 }, data: { type: 'clips', frames: ['a.mp4'] } };

/** The run with the value at a path replaced. */
function changed(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(run)) as Record<string, unknown>;
  const keys = path.split('.');
  const inner = keys.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  inner[keys[keys.length - 1]] = value;
  return copy;
}

function refusal(value: unknown): PxvError {
  try {
    parseConfiguration(runSchema, value, source);
  } catch (error) {
    return error as PxvError;
  }
  throw new Error('accepted');
}

test('what a preset describes is valid, and comes back as it was', () => {
  expect(parseConfiguration(modelSchema, JSON.parse(JSON.stringify(model)), source)).toEqual(model);
});

test('what is left out of a training takes its default', () => {
  expect(parseConfiguration(runSchema, run, source)).toMatchObject({
    training: {
      seed: '1',
      batch: 8,
      steps: 3,
      minutes: null,
      optimiser: 'adam',
      stages: [{ rate: 2e-3, warmUp: 100 }],
    },
    data: { type: 'clips', frames: ['a.mp4'], validate: [], fit: 'crop' },
  });
});

test.each([
  { path: 'trainig', value: {}, named: 'trainig', nearest: 'training' },
  { path: 'training.batchh', value: 3, named: 'training.batchh', nearest: 'batch' },
  { path: 'training.rollOuts', value: 3, named: 'training.rollOuts', nearest: 'stages.rollOuts' },
  { path: 'training.stages', value: [{ warmup: 3 }], named: 'training.stages.0.warmup', nearest: 'warmUp' },
  { path: 'model.scales.0.head.component', value: 3, named: 'model.scales.0.head.component', nearest: 'components' },
  { path: 'model.scales.0.layers.0.hiden', value: 3, named: 'model.scales.0.layers.0.hiden', nearest: 'hidden' },
  {
    path: 'model.scales.0.conditioning.0.contxt',
    value: 3,
    named: 'model.scales.0.conditioning.0.contxt',
    nearest: 'context',
  },
])('an unknown key, $path, is refused by name, with the nearest known one', ({ path, value, named, nearest }) => {
  expect(refusal(changed(path, value))).toMatchObject({
    code: 'USAGE',
    message:
      'train: config.json: expected only known keys, ' + `received unknown key '${named}'; did you mean '${nearest}'?`,
  });
});

test('a key of another type is not proposed in its own place', () => {
  const frames = { type: 'previous-frames', context: 2, features: 4, blockMatching: true };
  expect(refusal(changed('model.scales.0.conditioning.0', frames)).message).toMatch(
    /unknown key 'model.scales.0.conditioning.0.blockMatching'; remove it: another type has it$/,
  );
});

test('blocks are matched between two frames at least', () => {
  const frames = { type: 'warped-frames', context: 1, features: 4, flows: 1, blockMatching: true };
  expect(refusal(changed('model.scales.0.conditioning.0', frames)).message).toMatch(
    /blockMatching.*must be false where one frame alone is given/,
  );
});

test('templates are looked for in the frames that are given, and in no more', () => {
  const frames = { type: 'warped-frames', context: 2, features: 4, flows: 1, templateMatching: 3 };
  expect(refusal(changed('model.scales.0.conditioning.0', frames)).message).toMatch(
    /templateMatching.*must be at most as many frames as are given/,
  );
});

test.each([
  [{ trajectory: 2 }, /trajectory.*must be absent where blockMatching is false/],
  [{ trajectory: 1, blockMatching: true, context: 3 }, /trajectory.*/],
  [{ trajectory: 3, blockMatching: true, context: 3 }, /trajectory.*must be less than the context/],
  [{ gru: { context: 1, features: 4 } }, /gru\.context.*/],
  [{ gru: { context: 33, features: 4 } }, /gru\.context.*/],
  [{ gru: { context: 4, features: 5 } }, /gru\.features.*must be even/],
  [{ gru: { context: 2, features: 4 }, context: 3 }, /gru\.context.*must be at least the context that is warped/],
  [{ gru: { context: 4, features: 4 }, finer: 2 }, /gru.*must be absent in a chain of scales/],
  [{ gru: { context: 4, features: 4 }, coarser: 2 }, /gru.*must be absent in a chain of scales/],
])('warped frames with %j are refused', (changes, message) => {
  const frames = { type: 'warped-frames', context: 2, features: 4, flows: 1, ...changes };
  expect(refusal(changed('model.scales.0.conditioning.0', frames)).message).toMatch(message);
});

test('nothing is regressed where no frames are looked in', () => {
  const frames = { type: 'warped-frames', context: 2, features: 4, flows: 1, localRegression: true };
  expect(refusal(changed('model.scales.0.conditioning.0', frames)).message).toMatch(
    /localRegression.*must be false where templateMatching names no frames/,
  );
});

test('roll-outs, and a conditioning that learns alone, are refused where no expected frame is learned', () => {
  const frames = { type: 'previous-frames', context: 2, features: 4 };
  const plain = { ...model, scales: [{ ...model.scales[0], conditioning: [frames] }] };
  for (const [stage, key] of [
    [{ rollOuts: 2 }, 'rollOuts'],
    [{ trains: 'conditioning' }, 'trains'],
  ] as const) {
    const own = { ...run, training: { steps: 3, stages: [stage] } };
    expect(() => parseConfiguration(runSchema, own, source)).not.toThrow();
    expect(refusal({ ...own, model: plain }).message).toMatch(
      new RegExp(`training.stages.0.${key}.*learns the expected frame`),
    );
  }
});

test('a decoder learns alone only after a conditioning, and without roll-outs', () => {
  const of = (stages: object[], from: string | null = null) => ({ ...run, training: { steps: 3, from, stages } });
  expect(refusal(of([{ trains: 'decoder' }])).message).toMatch(/training.stages.0.trains.*a stage before it or from/);
  expect(refusal(of([{ trains: 'decoder', rollOuts: 1 }], 'video-64')).message).toMatch(
    /training.stages.0.rollOuts.*0 where the decoder learns alone/,
  );
  const after = of([{ trains: 'conditioning' }, { trains: 'decoder' }]);
  expect(() => parseConfiguration(runSchema, after, source)).not.toThrow();
});

test('a stage that trains a later scale alone is refused what the first one learns by', () => {
  const scales = guidedChain();
  const of = (stage: object) => ({ ...run, model: { ...model, scales }, training: { steps: 3, stages: [stage] } });
  expect(refusal(of({ trains: 1, rollOuts: 1 })).message).toMatch(
    /rollOuts.*0 where a scale after the first learns alone/,
  );
  expect(() => parseConfiguration(runSchema, of({ trains: 0, rollOuts: 1, anchorLoss: 'mse' }), source)).not.toThrow();
  const plain = tinyChain({ conditioning: [] });
  const alone = { ...of({ trains: 1, anchorLoss: 'mse' }), model: { ...model, scales: [scales[0], plain[1]] } };
  expect(refusal(alone).message).toMatch(/anchorLoss.*learn the expected frame/);
});

test('context frames between the size of a scale and the finest are refused', () => {
  const [first, second, third] = guidedChainOfThree();
  const between = { ...first, conditioning: first.conditioning.map((one) => ({ ...one, finer: 2 })) };
  const of = (scales: object[]) => ({ ...run, model: { ...model, scales } });
  expect(() => parseConfiguration(runSchema, of([first, second, third]), source)).not.toThrow();
  expect(refusal(of([between, second, third])).message).toMatch(/model.scales.0.*another size than this scale's/);
});

test('a stage trains no scale that a chain has not', () => {
  const wrong = { ...run, training: { steps: 3, stages: [{ trains: 1 }] } };
  expect(refusal(wrong).message).toMatch(/training.stages.0.trains.*below 1, the number of scales/);
});

test.each(['constructor', 'hasOwnProperty', '__proto__'])(
  'a key that every object has, %s, is refused as unknown',
  (key) => {
    const text = JSON.stringify(run);
    // Keys of earlier versions are looked up by their path, which of a key at the top is the key itself.
    for (const [path, changed] of [
      [key, text.replace('{', `{"${key}":3,`)],
      [`training.${key}`, text.replace('"steps":3', `"${key}":3`)],
    ])
      expect(() => parseRunConfiguration(JSON.parse(changed), source)).toThrow(
        new RegExp(`^train: config.json: expected only known keys, received unknown key '${path}'; remove it$`),
      );
  },
);

test('a key of a megabyte is refused at once, in a short line', () => {
  const began = performance.now();
  const { message } = refusal(changed(`training.${'batch'.repeat(2 ** 18)}`, 1));
  expect(message).toMatch(
    /^train: config.json: expected only known keys, received unknown key 'training.*'; remove it$/,
  );
  expect(message.length).toBeLessThan(400);
  expect(performance.now() - began).toBeLessThan(2000);
});

// Node.js 26 writes it as JSON; earlier releases have not enough of a stack.
test('a value of 20,000 nested lists is refused by its key', () => {
  const deep = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as unknown;
  expect(refusal(changed('training.batch', deep)).message).toMatch(
    /expected a valid 'training.batch', received (a value of too many levels|\[{57}\.\.\.) \(/,
  );
});

test('a model without a scale, and one of too many layers, are refused', () => {
  expect(refusal(changed('model.scales', [])).message).toMatch(/expected a valid 'model.scales', received \[\]/);
  const { scales } = model;
  const layers = Array.from({ length: 1001 }, () => scales[0].layers[0]);
  expect(refusal(changed('model.scales.0.layers', layers)).message).toMatch(/expected a valid 'model.scales.0.layers'/);
});

test('an unknown key that is like none is refused without a guess', () => {
  expect(refusal(changed('training.zzzzzzzz', 1)).message).toBe(
    "train: config.json: expected only known keys, received unknown key 'training.zzzzzzzz'; remove it",
  );
});

test('an unknown key of a checkpoint that is like none may be of a newer version', () => {
  const written = () =>
    parseConfiguration(runSchema, changed('training.zzzzzzzz', 1), { ...source, code: 'CHECKPOINT' });
  expect(written).toThrow(
    /unknown key 'training.zzzzzzzz'; it may be of another pxv: install the newest, or the one that wrote it$/,
  );
});

test.each([
  { path: 'model.scales.0.levels', value: 1, received: '1 (' },
  { path: 'model.scales.0.channels', value: 2, received: '2 (' },
  { path: 'model.scales.0.first.kernel', value: 4, received: '4 (must be odd)' },
  { path: 'model.scales.0.size.width', value: 0, received: '0 (' },
  { path: 'model.scales.0.layers.0.type', value: 'gated-cnn', received: '"gated-cnn" (' },
  { path: 'model.scales.0.head.meanScale', value: -1, received: '-1 (' },
  { path: 'model.version', value: 2, received: '2 (' },
  { path: 'training.batch', value: 'eight', received: '"eight" (' },
  { path: 'training.optimiser', value: 'sgd', received: '"sgd" (' },
  { path: 'training.seed', value: 3, received: '3 (' },
  { path: 'data.frames', value: [], received: '[] (' },
  { path: 'data', value: undefined, received: 'nothing (' },
])('$path = $value is refused, naming it and the value', ({ path, value, received }) => {
  const { code, message } = refusal(changed(path, value));
  expect(code).toBe('USAGE');
  expect(message.startsWith(`train: config.json: expected a valid '${path}', received ${received}`)).toBe(true);
  expect(message.endsWith(`; correct '${path}'`)).toBe(true);
});

test('a sigmoid is refused more than 2 levels, and takes 2', () => {
  const sigmoid = changed('model.scales.0.head', { type: 'sigmoid' }) as typeof run;
  expect(refusal(sigmoid).message).toBe(
    "train: config.json: expected a valid 'model.scales.0.levels', received 256 (the head 'sigmoid' takes 2 at " +
      "most); correct 'model.scales.0.levels'",
  );
  const { version, scales } = sigmoid.model;
  const binary = { version, scales: [{ ...scales[0], levels: 2 }] };
  expect(parseConfiguration(modelSchema, binary, source)).toEqual(binary);
});

test.each([
  { second: 'warped-frames', message: 'a second conditioning with anchors' },
  { second: 'previous-frames', message: 'a second previous-frames' },
])('beside previous-frames, $second is refused: $message', ({ second, message }) => {
  const first = { type: 'previous-frames', context: 2, features: 4 };
  const given = { type: second, context: 2, features: 4, ...(second === 'warped-frames' && { flows: 2 }) };
  const both = changed('model.scales.0.conditioning', [first, given]);
  expect(refusal(both).message).toContain(`'model.scales.0.conditioning.1', received {"type":"${second}"`);
  expect(refusal(both).message).toContain(`(${message})`);
  expect(() => parseConfiguration(runSchema, changed('model.scales.0.conditioning', [given]), source)).not.toThrow();
});

test.each([null, 3, 'text', []])('%j in the place of a whole configuration is refused', (value) => {
  expect(refusal(value).message).toMatch(/^train: config.json: expected a valid 'the whole', received /);
});

test('a long wrong value is cut in the message', () => {
  const { message } = refusal(changed('training.batch', 'x'.repeat(500)));
  expect(message.length).toBeLessThan(250);
});

test('the error says which operation it was', () => {
  const parse = () => parseConfiguration(z.strictObject({}), { a: 1 }, { ...source, operation: 'read model' });
  expect(parse).toThrow(/^read model: config\.json: .*; remove it$/);
});
