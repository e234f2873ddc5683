import { readFileSync, writeFileSync } from 'node:fs';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { openClip } from '../../src/video/index.js';
import { parseNpy } from '../foundation/parse-npy.js';
import { collect } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { pxv } from './pxv.js';
import { jsonOf, movingSquare, size, tinyRunFolder } from './tiny-run.js';

const { here, at } = tinyRunFolder();

/** Makes `set.npy`, of three clips of eight frames in colour, and `one.npy`, its second clip. */
beforeAll(() => {
  const clips = [0, 1, 2].map((clip) => Buffer.concat(movingSquare(clip, 8).map(({ data }) => data)));
  writeFileSync(at('set.npy'), Buffer.concat([formatNpyHeader([3, 8, 12, 16, 3]), ...clips]));
  writeFileSync(at('one.npy'), Buffer.concat([formatNpyHeader([8, 12, 16, 3]), clips[1]]));
});

function arrayAt(...path: string[]): { shape: number[]; values: Buffer } {
  const bytes = readFileSync(at(...path));
  const { shape, headerBytes, type } = parseNpy(bytes)!;
  expect(type).toBe('|u1');
  expect(bytes.length - headerBytes).toBe(shape.reduce((product, length) => product * length, 1));
  return { shape, values: bytes.subarray(headerBytes) };
}

const framesOf = async (path: string) =>
  collect((await openClip(at(path), { size, channels: 3 })).frames()).then((frames) => frames.map(({ data }) => data));

test('a process predicts a clip of an array into an array of the samples alone, which is read back', async () => {
  const asked = ['predict', 'set.npy#1', '--model', 'run', '--hold-out', '2', '--samples', '3', '--json'];
  const outcome = await pxv([...asked, '--format', 'npy'], here);
  expect(outcome.code).toBe(0);
  expect(jsonOf(outcome)).toMatchObject({ output: 'set-1-predicted.npy', frames: 2, known: 6, predicted: 2 });
  expect(arrayAt('set-1-predicted.npy').shape).toEqual([3, 2, 12, 16, 3]);

  const pictures = await pxvInProcess([...asked, '--out', 'pictures'], here);
  expect(pictures.code).toBe(0);
  for (const sample of [0, 1, 2]) {
    const drawn = await framesOf(`pictures/sample-${sample + 1}`);
    expect(await framesOf(`set-1-predicted.npy#${sample}`)).toEqual(drawn.slice(-2));
  }
});

test('known frames come first where --known-frames asks for them, and --scale enlarges', async () => {
  const asked = ['predict', 'one.npy', '--model', 'run', '--next', '1', '--best-guess', '--json'];
  const outcome = await pxvInProcess([...asked, '--known-frames', 'all', '--scale', '2', '--out', 'all.npy'], here);
  expect(jsonOf(outcome)).toMatchObject({ frames: 9, known: 8, predicted: 1 });
  expect(arrayAt('all.npy').shape).toEqual([1, 9, 24, 32, 3]);
  const shown = await framesOf('all.npy');
  expect(shown.slice(0, 8)).toEqual(movingSquare(1, 8).map(({ data }) => data));
});

test('an array goes to standard output', async () => {
  const { code, stderr } = await pxv(
    ['predict', 'one.npy', '--model', 'run', '--next', '1', '--quiet', '--format', 'npy', '--out', '-'],
    here,
  );
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/^standard output: after 8 frames/) as string,
  });
});

test('each clip of a file becomes an array, named after the file and its number', async () => {
  const outcome = await pxvInProcess(
    ['predict', 'set.npy', '--model', 'run', '--next', '1', '--format', 'npy', '--json'],
    here,
  );
  expect(outcome.code).toBe(0);
  expect(jsonOf(outcome).clips).toMatchObject(
    [0, 1, 2].map((clip) => ({ name: `set.npy#${clip}`, output: `predicted/set-${clip}.npy` })),
  );
  expect(arrayAt('predicted', 'set-2.npy').shape).toEqual([1, 1, 12, 16, 3]);
});

test('an array is not replaced without --overwrite, nor ever the clip itself', async () => {
  const asked = ['predict', 'one.npy', '--model', 'run', '--next', '1', '--best-guess'];
  writeFileSync(at('there.npy'), '');
  const refused = await pxvInProcess([...asked, '--out', 'there.npy'], here);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/the file exists; choose another --out/)]);
  const own = await pxvInProcess([...asked, '--out', 'one.npy', '--overwrite'], here);
  expect([own.code, own.stderr]).toEqual([2, expect.stringMatching(/the output is the input/)]);
  const ownSet = await pxvInProcess([...asked.with(1, 'set.npy#0'), '--out', 'set.npy', '--overwrite'], here);
  expect([ownSet.code, ownSet.stderr]).toEqual([2, expect.stringMatching(/the output is the input/)]);
});

test('trainings and searches take arrays', async () => {
  const tiny = ['--hidden', '6', '--layers', '1', '--size', '16x12', '--batch', '2', '--steps', '2'];
  const trained = await pxvInProcess(['train', '--frames', 'set.npy', '--out', 'on-arrays', ...tiny, '--json'], here);
  expect(trained.code).toBe(0);
  const lines = readFileSync(at('on-arrays', 'data.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual([at('set.npy')]);
  const resumed = await pxvInProcess(['train', '--resume', '--out', 'on-arrays', '--steps', '3', '--json'], here);
  expect([resumed.code, jsonOf(resumed).resumedFrom]).toEqual([0, 2]);

  const found = await pxvInProcess(['surprise', 'set.npy#2', '--model', 'run', '--json'], here);
  expect(jsonOf(found)).toMatchObject({ output: 'set-2-surprise', frames: 7 });
});
