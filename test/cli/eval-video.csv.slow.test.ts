import { readFileSync, writeFileSync } from 'node:fs';
import type { VideoScore } from '../../src/commands/evaluate/score-results.js';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { pxvInProcess } from './in-process.js';
import { pxv } from './pxv.js';
import { jsonOf, movingSquare, tinyRunFolder } from './tiny-run.js';

const { here, at } = tinyRunFolder();

beforeAll(() => {
  const clips = [0, 1].map((clip) => Buffer.concat(movingSquare(clip, 8).map(({ data }) => data)));
  writeFileSync(at('set.npy'), Buffer.concat([formatNpyHeader([2, 8, 12, 16, 3]), ...clips]));
});

const asked = ['eval-video', 'set.npy', '--model', 'run', '--horizon', '2', '--starts', '1', '--samples', '2'];

test('a process scores clips of an array, with a row for each clip, horizon, forecast and metric', async () => {
  const outcome = await pxv([...asked, '--csv', 'scores.csv', '--codecs', '--json'], here);
  expect(outcome.code).toBe(0);
  const { clips } = jsonOf(outcome) as unknown as VideoScore;
  expect(clips.map(({ name }) => name)).toEqual(['set.npy#0', 'set.npy#1']);
  const [titles, ...rows] = readFileSync(at('scores.csv'), 'utf8').trimEnd().split('\n');
  expect(titles).toBe('clip,horizon,forecast,metric,value');
  const valueOf = (...key: string[]) => {
    const found = rows.filter((row) => row.startsWith(`${key.join(',')},`));
    expect(found).toHaveLength(1);
    return Number(found[0].split(',')[4]);
  };
  for (const { name, bitsPerDim, previousFrameBitsPerDim, codecs, forecasts } of clips) {
    expect(valueOf(name, '1', 'model', 'bitsPerDim')).toBe(bitsPerDim);
    expect(valueOf(name, '1', 'previous-frame', 'bitsPerDim')).toBe(previousFrameBitsPerDim);
    expect(valueOf(name, '1', 'ffv1', 'bitsPerDim')).toBe(codecs!.bitsPerDim.ffv1);
    expect(valueOf(name, '2', 'truth', 'change')).toBe(forecasts!.trueChange[1]);
    for (const [kind, { meanSquaredError, ssim, change }] of Object.entries(forecasts!.kinds)) {
      for (const h of [0, 1]) {
        const error = meanSquaredError[h];
        expect(valueOf(name, String(h + 1), kind, 'meanSquaredError')).toBe(error);
        expect(valueOf(name, String(h + 1), kind, 'psnr')).toBeCloseTo(
          Math.min(60, 10 * Math.log10(255 ** 2 / error)),
          9,
        );
        expect(valueOf(name, String(h + 1), kind, 'ssim')).toBe(ssim![h]);
        expect(valueOf(name, String(h + 1), kind, 'change')).toBe(change[h]);
      }
    }
  }
  // Each metric of each forecast at both horizons, and what is scored one step ahead.
  const kinds = Object.keys(clips[0].forecasts!.kinds).length;
  expect(rows).toHaveLength(2 * (5 + 2 + 2 * 4 * kinds));
});

test('a CSV file is not replaced without --overwrite, and never a clip', async () => {
  writeFileSync(at('there.csv'), 'mine');
  const short = [...asked.slice(0, 4), '--horizon', '0', '--csv'];
  const refused = await pxvInProcess([...short, 'there.csv'], here);
  const remedy = 'the file exists; choose another --csv, or replace it with --overwrite';
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(remedy)]);
  expect(readFileSync(at('there.csv'), 'utf8')).toBe('mine');
  expect((await pxvInProcess([...short, 'there.csv', '--overwrite'], here)).code).toBe(0);
  expect(readFileSync(at('there.csv'), 'utf8')).toMatch(/^clip,horizon,/);

  const own = await pxvInProcess([...short, 'set.npy', '--overwrite'], here);
  expect([own.code, own.stderr]).toEqual([2, expect.stringMatching(/set\.npy: the output would replace the input/)]);
  const inFolder = await pxvInProcess([...short, 'clips'], here);
  expect([inFolder.code, inFolder.stderr]).toEqual([
    1,
    expect.stringMatching(/received a folder of that name; choose/),
  ]);
});
