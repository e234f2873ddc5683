import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { curveOf, formatCurve, readCurve } from '../scripts/curve.js';
import { temporaryFolder } from './video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

test('a learning curve has the validations of a log, with the time and the cost of the steps before each', () => {
  const log = [
    { step: 1, bitsPerDim: 7, seconds: 30 },
    { step: 2, bitsPerDim: 6, seconds: 60, validation: 6.5 },
    { step: 3, bitsPerDim: 5, seconds: 90 },
    { step: 4, bitsPerDim: 4, seconds: 120, validation: 4.25 },
  ];
  writeFileSync(join(folder.path, 'config.json'), JSON.stringify({ training: { batch: 16 } }));
  writeFileSync(join(folder.path, 'log.jsonl'), log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const points = [
    { step: 2, images: 32, minutes: 1.5, bitsPerDim: 6.5, training: 6.5 },
    { step: 4, images: 64, minutes: 5, bitsPerDim: 4.25, training: 4.5 },
  ];
  expect(curveOf(folder.path)).toEqual(points);
  const path = join(folder.path, 'curve.csv');
  const notKept = { ...points[0], minutes: NaN, training: NaN };
  writeFileSync(path, formatCurve([notKept, points[1]]));
  expect(readCurve(path)).toEqual([notKept, points[1]]);
});

test('a file that is no curve is refused', () => {
  const path = join(folder.path, 'other.csv');
  writeFileSync(path, 'a,b\n1,2\n');
  expect(() => readCurve(path)).toThrow(/expected step,images,minutes,bits\/dim,training, received a,b$/);
});
