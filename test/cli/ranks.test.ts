import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeClip } from '../../src/video/index.js';
import { temporaryFolder } from '../video/made-clips.js';
import { findMpis, type Launched } from '../distributed/launched.js';
import { linesSaid, pxv, type Outcome } from './pxv.js';
import { jsonOf, makeClips, movingSquare, tiny } from './tiny-run.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => makeClips(folder.path, 4));

const mpis = findMpis(folder.path);
const { title, launch } = mpis.find((mpi) => mpi.launch !== null) ?? mpis[0];
const describeHere = launch === null ? describe.skip : describe;
const inRanks = (size: number, ...args: string[]) => launch!(size, args, folder.path);
/** The lines of pxv: those of MPI and its launcher stand beside them. */
const linesOf = (outcome: Outcome) => linesSaid(outcome).filter((line) => line.startsWith('pxv: '));
const cheap = ['--conditioning', 'previous-frames', '--threads', '1', '--shards', '2'];
const train = ['train', '--frames', 'clips', '--from', 'none', ...tiny, ...cheap];
const fileOf = (run: string, name: string) => readFileSync(join(folder.path, run, name)).toString('latin1');

describeHere(`over ${title}`, () => {
  describe('pxv train in two ranks', () => {
    beforeAll(async () => {
      const [one, two] = await Promise.all([
        pxv([...train, '--out', 'one', '--steps', '3'], { cwd: folder.path }),
        inRanks(2, ...train, '--out', 'two', '--steps', '3', '--json').ended,
      ]);
      expect([one.code, two.code]).toEqual([0, 0]);
      expect(jsonOf(two)).toMatchObject({ steps: 3, output: 'two' });
      expect(two.stdout.trim().split('\n')).toHaveLength(1);
    });

    test('leaves the very files that one process leaves', () => {
      for (const name of ['training.safetensors', 'model.safetensors', 'config.json', 'data.jsonl'])
        expect(fileOf('two', name)).toBe(fileOf('one', name));
    });

    test.each([
      [
        'a number of ranks that is no power of two',
        3,
        ['--out', 'three'],
        /^pxv: join ranks: ranks: expected a power of two,/,
      ],
      [
        'fewer shards than ranks',
        4,
        ['--out', 'four'],
        /^pxv: train: --shards: expected a multiple of the 4 ranks, received 2;/,
      ],
    ])('refuses %s in one line, and leaves nothing', async (_, size, args, line) => {
      const outcome = await inRanks(size, ...train, ...args).ended;
      expect(linesOf(outcome)).toEqual([expect.stringMatching(line)]);
      expect(outcome.code).not.toBe(0);
      expect(existsSync(join(folder.path, args[1], 'config.json'))).toBe(false);
    });

    test('keeps the shards of a training that goes on', async () => {
      const outcome = await inRanks(4, 'train', '--resume', '--out', 'two', '--steps', '9').ended;
      expect(linesOf(outcome)).toEqual([
        expect.stringMatching(/start 2 ranks or fewer, for a training keeps its shards$/),
      ]);
    });

    test('ends in all of them, with one line that names the one that was killed', async () => {
      const launched = inRanks(2, ...train, '--out', 'killed', '--steps', '100000', '--quiet');
      await untilLogged(launched, join(folder.path, 'killed', 'log.jsonl'));
      const killed = performance.now();
      process.kill(launched.processOf(1)!, 'SIGKILL');
      const outcome = await launched.ended;
      expect(performance.now() - killed).toBeLessThan(10_000);
      expect(linesOf(outcome)).toEqual([
        expect.stringMatching(/^pxv: run ranks: rank 1: process \d+ on \S+ ended early; check what killed it/),
      ]);
      expect(outcome.code).not.toBe(0);
    });
  });

  test('pxv eval-video in two ranks finds what one process finds', async () => {
    const evaluate = ['eval-video', 'clips', '--model', 'one', '--horizon', '2', '--threads', '1', '--json'];
    const found = await Promise.all([pxv(evaluate, { cwd: folder.path }), inRanks(2, ...evaluate).ended]);
    const [one, two] = found.map((outcome) => ({ ...jsonOf(outcome), seconds: 0 }));
    expect(two).toEqual(one);
  });

  describe('work that two ranks share leaves the very files and the result of one process', () => {
    beforeAll(() =>
      writeClip(join(folder.path, 'long'), movingSquare(0, 21), {
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
      const stem = join(folder.path, name.replaceAll(' ', '-'));
      const ending = files.length === 1 && files[0].startsWith('.') ? files[0] : '';
      const out = (of: string) => ['--out', `${stem}-${of}${ending}`];
      const found = await Promise.all([
        pxv([...args, ...out('one')], { cwd: folder.path }),
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

  test('a command whose work cannot be shared is refused in one line', async () => {
    const outcome = await inRanks(2, 'models', 'list').ended;
    expect(linesOf(outcome)).toEqual([
      'pxv: models: ranks: expected one process; this command cannot share its work, received 2 ' +
        'launched processes; run it alone',
    ]);
  });
});

async function untilLogged({ ended }: Launched, log: string): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!existsSync(log) && !isOver) await new Promise((resolve) => setTimeout(resolve, 50));
}
