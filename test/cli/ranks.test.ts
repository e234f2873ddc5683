import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Launched } from '../distributed/launched.js';
import { linesOf, ranksHere, train } from './in-ranks.js';
import { pxvInProcess } from './in-process.js';
import { pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const { folder, title, describeHere, inRanks } = ranksHere();
const fileOf = (run: string, name: string) => readFileSync(join(folder, run, name)).toString('latin1');

describeHere(`over ${title}`, () => {
  describe('pxv train in two ranks', () => {
    beforeAll(async () => {
      const [one, two] = await Promise.all([
        pxv([...train, '--out', 'one', '--steps', '3'], { cwd: folder }),
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
      expect(existsSync(join(folder, args[1], 'config.json'))).toBe(false);
    });

    test('keeps the shards of a training that goes on', async () => {
      const outcome = await inRanks(4, 'train', '--resume', '--out', 'two', '--steps', '9').ended;
      expect(linesOf(outcome)).toEqual([
        expect.stringMatching(/start 2 ranks or fewer, for a training keeps its shards$/),
      ]);
    });

    test('ends in all of them, with one line that names the one that was killed', async () => {
      const launched = inRanks(2, ...train, '--out', 'killed', '--steps', '100000', '--quiet');
      await untilLogged(launched, join(folder, 'killed', 'log.jsonl'));
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
});

describe('under a launcher of two ranks', () => {
  const env = (rank: number) => ({ OMPI_COMM_WORLD_RANK: String(rank), OMPI_COMM_WORLD_SIZE: '2' });

  test.each([
    ['predict', 'clip.mp4'],
    ['encode', 'clip.mp4'],
    ['surprise', 'clip.mp4'],
    ['sample', '--model', 'cifar'],
    ['complete', 'image.png', '--model', 'cifar'],
    ['models'],
  ])('pxv %s is refused in one line, by the first rank', async (...args) => {
    const [first, second] = [await pxvInProcess(args, { env: env(0) }), await pxvInProcess(args, { env: env(1) })];
    const line =
      `pxv: ${args[0]}: ranks: expected one process; this command cannot share its work, received 2 launched ` +
      'processes; run it alone\n';
    expect(first).toEqual({ code: 2, stdout: '', stderr: line });
    expect(second).toEqual({ code: 2, stdout: '', stderr: '' });
  });
});

async function untilLogged({ ended }: Launched, log: string): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  while (!existsSync(log) && !isOver) await new Promise((resolve) => setTimeout(resolve, 50));
}
