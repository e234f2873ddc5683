import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Browser, Locator } from 'playwright-core';
import { createCommand as predictCommand } from '../../cli/predict.js';
import { createCommand as reportCommand } from '../../cli/report.js';
import { trainingSection } from '../../src/train/report-section.js';
import { SampleSheets } from '../../src/training/sample-sheets.js';
import { drawContactSheet, encodePng } from '../../src/video/index.js';
import { openChromium, openFile, seriousFaults, testInChromium } from '../chromium.js';
import { lossless, makeClip, temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { jsonOf, makeClips, movingSquare, trainTinyRun } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const here = { cwd: folder.path };
const at = (...parts: string[]) => join(folder.path, ...parts);
const read = (name: string) => readFileSync(at(name), 'utf8');
const report = (...args: string[]) => pxvInProcess(['report', ...args], here);

/** A name that a page without escapes would run. */
const hostile = '<script>alert(1)<.mkv';

beforeAll(async () => {
  await makeClips(folder.path, 3);
  await trainTinyRun(folder.path, pxvInProcess);
  makeClip(at(hostile), movingSquare(0, 40), ...lossless);
  const model = ['--model', 'run'];
  const score = await pxvInProcess(
    ['eval-video', 'clips', '--horizon', '2', '--starts', '1', '--json', ...model],
    here,
  );
  writeFileSync(at('score.json'), score.stdout);
  const found = await pxvInProcess(
    ['surprise', hostile, '--out', 'found', '--threshold', '0.2', '--json', ...model],
    here,
  );
  writeFileSync(at('found.json'), found.stdout);
}, 180_000);

test('a clip is predicted by the same model as by pxv predict, unless another is named', () => {
  const modelOf = ({ options }: Command) => {
    const option = options.find(({ long }) => long === '--model')!;
    return [option.description, option.defaultValue as unknown];
  };
  expect(modelOf(reportCommand())).toEqual(modelOf(predictCommand()));
});

test('a training becomes a page of its curves and figures, and CSV for who plots them', async () => {
  const outcome = await report('run', '--out', 'run.html', '--csv', '--json');
  expect(outcome.code).toBe(0);
  const { output, csv, sections } = jsonOf(outcome) as unknown as { output: string; csv: string; sections: [Shown] };
  expect([output, csv]).toEqual(['run.html', 'run-csv']);
  const logged = read('run/log.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Logged);
  const [best] = logged.flatMap(({ validation = [] }) => validation).sort();
  expect(sections[0].blocks[0]).toMatchObject({
    kind: 'number',
    title: 'best validation',
    value: best.toFixed(3),
  });
  const [curves, trainings] = readdirSync(at('run-csv')).sort();
  const rows = read(`run-csv/${curves}`)
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  expect(rows[0]).toEqual(['line', 'steps', 'bits/dim']);
  expect(rows.filter(([line]) => line === 'training').map(([, , bits]) => Number(bits))).toEqual(
    logged.flatMap(({ bitsPerDim = [] }) => bitsPerDim),
  );
  expect(read(`run-csv/${trainings}`)).toMatch(/^training,network,.*\nrun,pixel-cnn,\d+,3,/);
  expect(read('run.html')).toContain('pxv train --resume --out run');
});

test('what a training drew is scrubbed through, and what others have put beside it is passed over', async () => {
  const sheets = new SampleSheets(at('run', 'samples'));
  const sheet = await drawContactSheet(
    [0, 1, 2].flatMap((clip) => movingSquare(clip, 4)),
    { columns: 4 },
  );
  for (const step of [1, 3]) sheets.write(step, await encodePng(sheet));
  sheets.write(2, await encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }));
  writeFileSync(sheets.pathOf(4), 'no picture');
  writeFileSync(at('run', 'samples', 'notes.txt'), '');
  const outcome = await report('run', '--out', 'learned.html', '--json');
  const { sections } = jsonOf(outcome) as unknown as { sections: [Shown] };
  const bits = (JSON.parse(read('run/log.jsonl').trim().split('\n')[2]) as Logged).validation!.toFixed(3);
  expect(sections[0].blocks.find(({ kind }) => kind === 'clip')).toMatchObject({
    title: 'how it learned',
    steps: [{ name: expect.stringMatching(/^after step 1/) as string }, { name: `after step 3: ${bits} bits/dim` }],
    panels: ['truth', 'best guess', 'one sample'],
  });
  // Four frames of 16 pixels, three gaps of 2.
  expect(read('learned.html')).toContain('<svg viewBox="0 0 70 12" role="img" aria-label="best guess">');
  const computed = sections[0].blocks.find(({ title }) => title === 'computed by')!;
  expect(computed.rows).toEqual([
    expect.arrayContaining(['run', '0', process.version + ` on ${process.platform} ${process.arch}`]),
  ]);

  // The live page shows the latest alone.
  rmSync(sheets.pathOf(4));
  const live = await trainingSection([at('run')], 1);
  expect(live.blocks.flatMap((block) => (block.kind === 'picture' ? [block.title] : []))).toEqual([
    'truth',
    'best guess, after step 3',
    'one sample, after step 3',
  ]);
});

test('the tables of a score are those that eval-video prints', async () => {
  const printed = await pxvInProcess(
    ['eval-video', 'clips', '--horizon', '2', '--starts', '1', '--model', 'run'],
    here,
  );
  const outcome = await report('score.json', '--out', 'score.html');
  expect(outcome.code).toBe(0);
  const table = printed.stdout.slice(printed.stdout.indexOf('predicted from')).trimEnd();
  expect(outcome.stdout).toContain(table);
});

test('events are the same from the JSON of a search and from its folder', async () => {
  const fromJson = await report('found.json', '--out', 'search-0.html', '--json');
  const fromFolder = await report('found', '--out', 'search-1.html', '--json');
  const eventsOf = (outcome: typeof fromJson) => {
    const { sections } = jsonOf(outcome) as unknown as { sections: [Shown] };
    return sections[0].blocks.find(({ kind, title }) => kind === 'table' && title.startsWith('events'))!.rows;
  };
  expect(eventsOf(fromJson).length).toBeGreaterThan(0);
  expect(eventsOf(fromFolder)).toEqual(eventsOf(fromJson));
});

test('what cannot be shown is said in one line, and writes nothing', async () => {
  writeFileSync(at('other.json'), '{"name": "a package"}');
  writeFileSync(at('cut.json'), read('score.json').slice(0, 100));
  writeFileSync(at('empty.json'), '{"clips": [], "baselines": {}, "bitsPerDim": 1}');
  mkdirSync(at('search'));
  writeFileSync(at('search', 'timeline.csv'), 'frame\n1\n');
  writeFileSync(at('search', 'events.csv'), '');
  writeFileSync(at('search', 'film.mp4'), '');
  mkdirSync(at('notes-csv'));
  writeFileSync(at('notes-csv', 'diary.txt'), '');
  const cases: [string[], RegExp][] = [
    [['other.json'], /other\.json: expected a result of pxv as JSON, received an object of name; give what/],
    [['cut.json'], /cut\.json: expected a result of pxv as JSON, received a file that is not JSON/],
    [['empty.json'], /received a result of another version, or an incomplete one/],
    [['search'], /timeline\.csv: expected rows of frame,seconds,.*received something else/],
    [['none'], /received no such file; check the path/],
    [['run', '--out', 'page.pdf'], /page\.pdf: expected a name that ends in \.html, received one that ends in \.pdf/],
    [
      ['run', '--out', 'notes.html', '--csv', '--overwrite'],
      /notes-csv: expected a folder of CSV files, received one with diary\.txt/,
    ],
    [[hostile, '--model', 'run', '--hold-out', '900'], /expected more than the 900 frames that are held out/],
  ];
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await report('--out', 'nothing.html', ...args);
    expect({ code, stdout }).toEqual({ code: code === 2 ? 2 : 1, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(line);
  }
  expect(existsSync(at('nothing.html'))).toBe(false);
});

test('a page that is there stays, unless asked otherwise', async () => {
  writeFileSync(at('mine.html'), 'my own');
  const refused = await report('run', '--out', 'mine.html');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/mine\.html: the file exists; .*--overwrite\n$/);
  expect(read('mine.html')).toBe('my own');
  expect((await report('run', '--out', 'mine.html', '--overwrite')).code).toBe(0);
  expect(read('mine.html')).toMatch(/^<!doctype html>/);
});

describe('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    const all = ['run', 'score.json', 'found', hostile, '--model', 'run', '--hold-out', '4', '--samples', '2'];
    const { code, stderr } = await report(...all, '--out', 'all.html', '--overwrite');
    expect([code, stderr.includes('error')]).toEqual([0, false]);
    if (testInChromium === test) browser = await openChromium();
  }, 120_000);
  afterAll(() => browser?.close());

  test('a name with elements in it is shown as it is', () => {
    const html = read('all.html');
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;.mkv');
    expect(html).toContain("default-src 'none'; img-src data:;");
    expect(statSync(at('all.html')).size).toBeLessThan(1e6);
  });

  for (const width of [1280, 390])
    for (const dark of [false, true])
      testInChromium(
        `at ${width} pixels, ${dark ? 'dark' : 'light'}, all can be used and nothing is wrong`,
        async () => {
          const { page, faults } = await openFile(browser, at('all.html'), { width, dark });
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          for (const summary of await page.locator('summary').all()) await summary.click();
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          expect(await seriousFaults(page)).toEqual([]);
          expect(await page.locator('.chart svg:visible').count()).toBe(await page.locator('.chart').count());
          expect(faults).toEqual([]);
          await page.close();
        },
      );

  testInChromium('all panels of a clip go on together, by keyboard and by themselves', async () => {
    const { page, faults } = await openFile(browser, at('all.html'), { width: 1280 });
    const clip = page.locator('.clip').last();
    const told = clip.locator('output');
    const placeOf = async (image: Locator) => `${await image.getAttribute('x')} ${await image.getAttribute('y')}`;
    const places = async () => Promise.all((await clip.locator('image').all()).map(placeOf));
    await clip.locator('input').focus();
    await page.keyboard.press('Home');
    expect(await told.textContent()).toBe('frame 20, known');
    expect(new Set(await places())).toEqual(new Set(['0 0']));
    await page.keyboard.press('ArrowRight');
    expect(await told.textContent()).toBe('frame 21, known');
    expect(new Set(await places())).toEqual(new Set(['-16 0']));
    await page.keyboard.press('End');
    expect(await told.textContent()).toBe('frame 39, predicted, 4 ahead');
    await clip.locator('.play').focus();
    await page.keyboard.press('Enter');
    await clip.locator('output', { hasText: 'frame 22, known' }).waitFor();
    await page.keyboard.press('Enter');
    const stopped = await told.textContent();
    await page.waitForTimeout(500);
    expect(await told.textContent()).toBe(stopped);
    expect(faults).toEqual([]);
  });

  testInChromium('a mark on the timeline leads to its event, and a chart is saved with its colours', async () => {
    const { page, faults } = await openFile(browser, at('all.html'), { width: 390 });
    await page.locator('.chart .narrow a[href*=event]').first().press('Enter');
    expect(await page.locator('.picture:target').count()).toBe(1);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.save').first().click()]);
    expect(download.suggestedFilename()).toBe('learning-curves.svg');
    const svg = readFileSync(await download.path(), 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(faults).toEqual([]);
  });
});

interface Logged {
  bitsPerDim?: number;
  validation?: number;
}

interface Shown {
  blocks: {
    kind: string;
    title: string;
    value: string;
    rows: string[][];
    steps: { name: string }[];
    panels: string[];
  }[];
}
