import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PxvError } from '../../src/foundation/errors.js';
import { fromHalf, toHalf } from '../../src/foundation/half-precision.js';
import { loadModel, resolveModelFile, saveModel } from '../../src/model/checkpoint.js';
import type { Model } from '../../src/model/model.js';
import { listShippedModels } from '../../src/model/shipped-models.js';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.js';
import { temporaryFolder } from '../video/made-clips.js';
import { randomModel, tinyChain, tinyNetwork } from './tiny-networks.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const run = join(folder.path, 'run');
const file = join(run, 'model.safetensors');
const model: Model = { ...randomModel([tinyNetwork()]), name: file, step: 12 };
const { parameters } = model.chain;
const [network] = model.description.scales;

beforeEach(() => {
  mkdirSync(run, { recursive: true });
  saveModel(file, model);
});

function refusal(action: () => unknown): PxvError {
  try {
    action();
  } catch (error) {
    return error as PxvError;
  }
  throw new Error('nothing was refused');
}

/** Writes the file anew with something changed; what it then says when it is loaded. */
function refusedWith(change: (parts: ReturnType<typeof readSafetensors>) => void): string {
  const parts = readSafetensors(file);
  change(parts);
  writeSafetensors(file, parts);
  const { code, message } = refusal(() => loadModel(run));
  expect(code).toBe('CHECKPOINT');
  return message;
}

test('a saved model is loaded again: description, weights bit for bit, and step', () => {
  const loaded = loadModel(file);
  expect(loaded).toMatchObject({ name: file, description: model.description, step: 12 });
  expect(loaded.chain.parameters.map(({ name }) => name)).toEqual(parameters.map(({ name }) => name));
  expect(loaded.weights).toEqual(model.weights);
});

test('the frame rate of a model is kept, and one without has not a byte of it', () => {
  const text = (rate: Model['frameRate']) => {
    saveModel(file, { ...model, frameRate: rate });
    expect(loadModel(file).frameRate).toEqual(rate);
    return readSafetensors(file).metadata;
  };
  expect(text({ numerator: 30000, denominator: 1001 }).frameRate).toBe('30000/1001');
  expect(Object.keys(text(null))).toEqual(['format', 'description', 'step']);
});

test('a model with a frame rate that is none is refused', () => {
  const message = refusedWith(({ metadata }) => (metadata.frameRate = 'fast'));
  expect(message).toMatch(/expected frames per second in the metadata, such as 10 or 30000\/1001, received "fast"/);
});

const drawing = { temperature: 0.975, warming: 0.02, carry: 1 };

test('how the futures of a model are drawn is kept, and one without has not a byte of it', () => {
  saveModel(file, { ...model, drawing });
  expect(loadModel(file).drawing).toEqual(drawing);
  saveModel(file, model);
  expect(loadModel(file).drawing).toBeNull();
  expect(Object.keys(readSafetensors(file).metadata)).toEqual(['format', 'description', 'step']);
});

test('what made a model is kept, and what is no hash refused', () => {
  const origin = { recipe: 'a'.repeat(64), data: '0123456789abcdef'.repeat(4) };
  saveModel(file, { ...model, origin });
  expect(loadModel(file).origin).toEqual(origin);
  saveModel(file, model);
  expect(loadModel(file).origin).toBeNull();
  const wrong = JSON.stringify({ ...origin, recipe: 'video-64.json' });
  expect(refusedWith(({ metadata }) => (metadata.origin = wrong))).toMatch(
    /origin in .*'recipe', received "video-64.json"/,
  );
});

test.each([
  ['warm', /expected sampling settings in the metadata, received text that is not JSON/],
  [JSON.stringify({ ...drawing, cary: 0 }), /drawing in .*unknown key 'cary'; did you mean 'carry'/],
  [JSON.stringify({ temperature: 1, warming: 0 }), /drawing in .*'carry'/],
  [JSON.stringify({ ...drawing, temperature: 0 }), /drawing in .*'temperature', received 0/],
  [JSON.stringify({ ...drawing, carry: 0.5 }), /expected a carry of 1 in the metadata of a model .*, received 0.5/],
])('a model whose futures are drawn as %s is refused', (text, message) => {
  expect(refusedWith(({ metadata }) => (metadata.drawing = text))).toMatch(message);
});

test.each(['abc', '-1', '1.5', ''])('a number of steps of "%s" is refused', (text) => {
  const message = refusedWith(({ metadata }) => (metadata.step = text));
  expect(message).toContain(`expected a whole number of steps in the metadata, received "${text}"`);
});

test('a chain of scales is loaded again', () => {
  const chain = randomModel(tinyChain(), 2);
  const path = join(folder.path, 'chain.safetensors');
  saveModel(path, chain);
  expect(loadModel(path)).toMatchObject({ description: chain.description, weights: chain.weights });
});

test('names of parameters are unique and say where they belong', () => {
  const names = parameters.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(
      ['previous-frames.full.weights', 'first.bias', 'layers.1.wide.weights', 'head.bias'].map(
        (name) => `scales.0.${name}`,
      ),
    ),
  );
});

test('a run folder, a file, and the name of a shipped model are found', () => {
  expect(resolveModelFile(run)).toBe(file);
  expect(resolveModelFile(file)).toBe(file);
  for (const name of listShippedModels())
    expect(resolveModelFile(name)).toMatch(new RegExp(`models/${name}\\.safetensors$`));
});

test('a name that is nothing is refused, with the names of the shipped models', () => {
  const { code, message } = refusal(() => resolveModelFile('no-such-model'));
  expect(code).toBe('CHECKPOINT');
  expect(message).toBe(
    'find model: no-such-model: expected a run folder with model.safetensors, a .safetensors file, or a ' +
      'shipped model ' +
      `(${listShippedModels().join(', ')}), received no such path or name; ` +
      'check the name, or train one with `pxv train --frames DIR --out RUN`',
  );
});

test('a folder without a model is refused as such', () => {
  expect(refusal(() => resolveModelFile(folder.path)).message).toContain(
    'received a folder without model.safetensors;',
  );
});

test('a text file is refused as a model', () => {
  const text = join(folder.path, 'text.txt');
  writeFileSync(text, 'no model at all, but long enough to look like one at first\n');
  expect(refusal(() => loadModel(text))).toMatchObject({
    code: 'CHECKPOINT',
    message: expect.stringMatching(/^read model: .*text\.txt: expected a complete safetensors file/) as string,
  });
});

test('a missing tensor is named, with its shape', () => {
  expect(refusedWith(({ arrays }) => arrays.delete('scales.0.layers.1.wide.weights'))).toBe(
    `read model: ${file}: expected tensor 'scales.0.layers.1.wide.weights' of shape [3, 3, 6, 6], received no ` +
      'such tensor; ' +
      'use a checkpoint that this version of pxv wrote',
  );
});

test('a tensor of another shape is named, with both shapes', () => {
  expect(
    refusedWith(({ arrays }) => arrays.set('scales.0.first.bias', { shape: [3, 4], data: new Float32Array(12) })),
  ).toContain("expected tensor 'scales.0.first.bias' of shape [12], received shape [3, 4];");
});

test.each([NaN, Infinity, -Infinity])('a weight that is %d is named, with its place', (value) => {
  const name = 'scales.0.previous-frames.to-half.bias';
  expect(refusedWith(({ arrays }) => (arrays.get(name)!.data[1] = value))).toBe(
    `read model: ${file}: expected finite values in tensor '${name}', received ${value} at [1]; ` +
      'use another checkpoint; this one is damaged',
  );
});

test('a masked weight that is not zero is named, with its place: backends differ in whether they read it', () => {
  const name = 'scales.0.layers.1.wide.weights';
  const [height, width, inputs, outputs] = model.chain.parameters.find((spec) => spec.name === name)!.shape;
  const place = (y: number, x: number, input: number, output: number) =>
    ((y * width + x) * inputs + input) * outputs + output;
  const changed = (at: number) => refusedWith(({ arrays }) => (arrays.get(name)!.data[at] = 1e-3));
  expect(changed(place(height - 1, 2, 1, 3))).toBe(
    `read model: ${file}: expected zero where tensor '${name}' is masked, received ${Math.fround(1e-3)} at [2, ` +
      '2, 1, 3]; ' +
      'set masked weights to zero',
  );
  saveModel(file, model);
  // At the centre, R sees no features of B.
  expect(changed(place(1, 1, inputs - 1, 0))).toContain(`at [1, 1, ${inputs - 1}, 0];`);
});

test('every shipped model is sound', () => {
  for (const name of listShippedModels()) expect(loadModel(name).name).toBe(name);
});

test('a file without a description is refused', () => {
  expect(refusedWith(({ metadata }) => delete metadata.description)).toContain(
    'expected a model description in the metadata, received none;',
  );
});

test('a description with a wrong value is refused', () => {
  const text = JSON.stringify({ version: 1, scales: [{ ...network, levels: 1000 }] });
  expect(refusedWith(({ metadata }) => (metadata.description = text))).toMatch(
    /^read model: .*: expected a valid 'scales\.0\.levels', received 1000 \(/,
  );
});

test('a model kept in 16 bits has the nearest weights there are, and all else as it was', () => {
  saveModel(file, { ...model, drawing }, 'F16');
  const loaded = loadModel(file);
  expect(loaded).toMatchObject({ description: model.description, step: 12, drawing });
  expect(loaded.weights).toEqual(model.weights.map((values) => values.map((value) => fromHalf(toHalf(value)))));
});

test('a description with fewer features than colours is refused', () => {
  const description = { version: 1, scales: [{ ...network, output: [12, 2] }] };
  expect(refusedWith(({ metadata }) => (metadata.description = JSON.stringify(description)))).toContain(
    "expected a valid 'scales.0.output.1', received 2 (fewer features than the 3 colour channels);",
  );
});

test('the file of a run is enough: copied elsewhere it loads', () => {
  const copy = join(folder.path, 'copy.safetensors');
  copyFileSync(file, copy);
  expect(loadModel(copy).weights).toEqual(model.weights);
});
