import { writeFileSync } from 'node:fs';
import { SampleSheets } from '../../src/training/sample-sheets.js';
import { drawContactSheet, encodePng } from '../../src/video/index.js';
import { lossless, makeClip } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { movingSquare, tinyRunFolder } from './tiny-run.js';

/** A name that a page without escapes would run. */
export const hostile = '<script>alert(1)<.mkv';

/**
 * A folder with all that `pxv report` takes: a training `run`, the `score.json` of its model on `clips`, a search
 * `found` with its `found.json`, and a clip of a hostile name. There `report` runs the command, `reportAll` for one
 * page, `all.html`, and `drawSheets` draws as the training would after its steps 1 and 3.
 */
export function reportInputs() {
  const { here, at } = tinyRunFolder();
  beforeAll(async () => {
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

  const report = (...args: string[]) => pxvInProcess(['report', ...args], here);
  const reportAll = async () => {
    const all = ['run', 'score.json', 'found', hostile, '--model', 'run', '--hold-out', '4', '--samples', '2'];
    const { code, stderr } = await report(...all, '--out', 'all.html', '--overwrite');
    expect([code, stderr.includes('error')]).toEqual([0, false]);
  };
  const drawSheets = async () => {
    const sheets = new SampleSheets(at('run', 'samples'));
    const sheet = await drawContactSheet(
      [0, 1, 2].flatMap((clip) => movingSquare(clip, 4)),
      { columns: 4 },
    );
    for (const step of [1, 3]) sheets.write(step, await encodePng(sheet));
    return sheets;
  };
  return { here, at, report, reportAll, drawSheets };
}
