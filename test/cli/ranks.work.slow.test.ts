import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeClip } from '../../src/video/index.js';
import { linesOf, ranksHere, train } from './in-ranks.js';
import { pxv } from './pxv.js';
import { jsonOf, movingSquare } from './tiny-run.js';

const { folder, title, describeHere, inRanks } = ranksHere();

describeHere(`over ${title}`, () => {
  beforeAll(() => pxv([...train, '--out', 'one', '--steps', '3'], { cwd: folder }));

  test('pxv eval-video in two ranks finds what one process finds', async () => {
    const evaluate = ['eval-video', 'clips', '--model', 'one', '--horizon', '2', '--threads', '1', '--json'];
    const found = await Promise.all([pxv(evaluate, { cwd: folder }), inRanks(2, ...evaluate).ended]);
    const [one, two] = found.map((outcome) => ({ ...jsonOf(outcome), seconds: 0 }));
    expect(two).toEqual(one);
  });

  describe('work that two ranks share leaves the very files and the result of one process', () => {
    beforeAll(() =>
      writeClip(join(folder, 'long'), movingSquare(0, 21), {
        frameRate: { numerator: 10, denominator: 1 },
      }),
    );

    const model = ['--model', 'one', '--threads', '1', '--json'];
    test.each([
      ['predict samples', ['predict', 'long', '--samples', '3', '--next', '2', ...model], ['.png']],
      [
        'predict several clips',
        ['predict', 'clips', '--samples', '2', '--next', '1', '--format', 'png', ...model],
        ['/clip-0.png'],
      ],
      ['surprise', ['surprise', 'long', ...model], ['/film.mp4', '/timeline.csv', '/timeline.png']],
    ])('%s', async (name, args, files) => {
      const stem = join(folder, name.replaceAll(' ', '-'));
      const ending = files.length === 1 && files[0].startsWith('.') ? files[0] : '';
      const out = (of: string) => ['--out', `${stem}-${of}${ending}`];
      const found = await Promise.all([
        pxv([...args, ...out('one')], { cwd: folder }),
        inRanks(2, ...args, ...out('two')).ended,
      ]);
      const json = found.map((outcome) =>
        JSON.stringify({ ...jsonOf(outcome), seconds: 0 }).replaceAll('-two', '-one'),
      );
      expect(json[1]).toBe(json[0]);
      for (const file of files) {
        const [one, two] = ['one', 'two'].map((of) => readFileSync(`${stem}-${of}${file}`).toString('latin1'));
        expect(two).toBe(one);
      }
    });

    test.each([
      [
        ['predict', 'long'],
        'predict: ranks: expected a sample or more for each of the 2, received 1 sample; draw more, or run it alone',
      ],
      [
        ['predict', 'long', '--best-guess'],
        'predict: ranks: expected a sample or more for each of the 2, received the best guess, which is one; ' +
          'draw more, or run it alone',
      ],
    ])('%s cannot be shared, which is said in one line', async (args, line) => {
      const outcome = await inRanks(2, ...args, ...model).ended;
      expect(linesOf(outcome)).toEqual([`pxv: ${line}`]);
      expect(outcome.code).toBe(2);
    });
  });
});
