import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { EventFile, isEventFile } from '../../src/training/event-file.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const png = Buffer.from('\x89PNG of one picture', 'latin1');

/** With the package tensorboard, where there is one. */
const python = process.env.PXV_TENSORBOARD_PYTHON ?? 'python3';
const hasTensorboard = spawnSync(python, ['-c', 'import tensorboard']).status === 0;

beforeAll(() => {
  const first = new EventFile(folder.path, 0);
  for (const step of [1, 2, 300]) first.add({ step, bitsPerDim: 4 / step, learningRate: 0.001 });
  first.addPicture(2, 'samples', { width: 3, height: 2, channels: 1 }, png);
  // It goes on from step 2: what was logged after it is gone.
  new EventFile(folder.path, 2).add({ step: 3, bitsPerDim: 1.5, validation: 1.25 });
});

test('records follow each other whole, each with the length that it says, and the first names the version', () => {
  const names = readdirSync(folder.path);
  expect(names.every(isEventFile)).toBe(true);
  const records = names.flatMap((name) => {
    const bytes = readFileSync(join(folder.path, name));
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += found.at(-1)!.length + 16)
      found.push(bytes.subarray(at + 12, at + 12 + Number(bytes.readBigUInt64LE(at))));
    return found;
  });
  expect(records[0].toString('latin1')).toContain('brain.Event:2');
  expect(records.filter((record) => record.includes('bitsPerDim'))).toHaveLength(4);
  // A picture: height, width, colour channels and the bytes of the file.
  const picture = records.find((record) => record.includes(png))!;
  expect(picture.includes(Buffer.from([0x08, 2, 0x10, 3, 0x18, 1, 0x22, png.length]))).toBe(true);
  // The masked CRC-32C of the first length, 26 bytes, as TensorBoard computes it.
  const head = readFileSync(join(folder.path, names[0])).subarray(0, 12);
  expect(head.toString('hex')).toBe('1a00000000000000' + '129bd82d');
});

test('a resumed log has the last file by name, though the clock was set back', () => {
  const path = join(folder.path, 'clock');
  mkdirSync(path);
  const now = jest.spyOn(Date, 'now').mockReturnValue(2_000_000_000_000);
  new EventFile(path, 0);
  now.mockReturnValue(1_000_000_000_000);
  new EventFile(path, 2);
  now.mockRestore();
  expect(readdirSync(path).sort()).toEqual(
    [2_000_000_000, 2_000_000_001].map((seconds) => `events.out.tfevents.${seconds}.${hostname()}`),
  );
  for (const name of readdirSync(path)) expect(readFileSync(join(path, name), 'latin1')).toContain('brain.Event:2');
});

(hasTensorboard ? test : test.skip)(
  'TensorBoard reads the scalars of each step, those of a resumed training once',
  () => {
    const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1]).Reload()
print(json.dumps({**{tag: [[e.step, e.value] for e in found.Scalars(tag)] for tag in found.Tags()['scalars']},
  'samples': [[e.step, e.width, e.height, e.encoded_image_string[4:].decode('latin1')]
    for e in found.Images('samples')]}))`;
    const read = execFileSync(python, ['-c', program, folder.path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(JSON.parse(read)).toEqual({
      bitsPerDim: [
        [1, 4],
        [2, 2],
        [3, 1.5],
      ],
      learningRate: [1, 2].map((step) => [step, Math.fround(0.001)]),
      validation: [[3, 1.25]],
      samples: [[2, 3, 2, ' of one picture']],
    });
  },
);
