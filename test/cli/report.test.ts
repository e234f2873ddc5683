import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createCommand as predictCommand } from '../../cli/predict.js';
import { createCommand as reportCommand } from '../../cli/report.js';
import { trainingSection } from '../../src/commands/train/report-section.js';
import { encodePng } from '../../src/video/index.js';
import { pxvInProcess } from './in-process.js';
import { hostile, reportInputs } from './report-inputs.js';
import { jsonOf } from './tiny-run.js';
import { slowTest } from '../extent.js';

const { here, at, report, reportAll, drawSheets } = reportInputs();
const read = (name: string) => readFileSync(at(name), 'utf8');

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
  const sheets = await drawSheets();
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

test('the largest score of a search is that of a frame, also where there was no event', async () => {
  const found = JSON.parse(read('found.json')) as { events: object[]; timeline: { score: number[] } };
  writeFileSync(at('quiet.json'), JSON.stringify({ ...found, events: [] }));
  const { sections } = jsonOf(await report('quiet.json', '--out', 'quiet.html', '--json')) as unknown as {
    sections: [Shown];
  };
  const { value } = sections[0].blocks.find(({ title }) => title === 'largest score')!;
  expect(value).toBe(Math.max(...found.timeline.score).toFixed(1));
  expect(Number(value)).toBeGreaterThan(0);
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

slowTest('a name with elements in it is shown as it is', async () => {
  await reportAll();
  const html = read('all.html');
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;.mkv');
  expect(html).toContain("default-src 'none'; img-src data:;");
  expect(statSync(at('all.html')).size).toBeLessThan(1e6);
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
