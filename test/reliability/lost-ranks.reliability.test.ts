import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { makeClips, tiny } from '../cli/tiny-run.js';
import { findMpis } from '../distributed/launched.js';
import { randomNumbers } from '../random.js';
import { temporaryFolder } from '../video/made-clips.js';
import { chooseCases, isThorough } from '../extent.js';
import { printFigure } from './figures.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => makeClips(folder.path, 4));

const mpis = findMpis(folder.path).slice(0, isThorough ? undefined : 1);
const train = ['train', '--frames', 'clips', '--from', 'none', ...tiny, '--threads', '1', '--shards', '2', '--quiet'];
const kills = chooseCases(2, 20);
/** Milliseconds after its start in which a rank is killed: it has joined the others after about a second. */
const EARLY = 1500;

describe.each(mpis)('over $title', ({ name, launch }) => {
  const testHere = launch === null ? test.skip : test;

  testHere(`a rank that is killed before all have joined ends the others within seconds, ${kills} times`, async () => {
    const random = randomNumbers(1);
    const seconds: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const out = join(folder.path, `${name}-${kill}`);
      const launched = launch!(2, [...train, '--out', out, '--steps', '100000'], folder.path);
      const rank = kill % 2;
      let pid: number | undefined;
      while ((pid = launched.processOf(rank)) === undefined) await sleep(1);
      await sleep(random() * EARLY);
      process.kill(pid, 'SIGKILL');
      const killed = performance.now();
      const isOver = await Promise.race([launched.ended.then(() => true), sleep(30_000, false, { ref: false })]);
      seconds.push((performance.now() - killed) / 1000);
      const other = launched.processOf(1 - rank);
      if (other !== undefined) process.kill(other, 'SIGKILL');
      expect({ kill, rank, isOver, other }).toEqual({ kill, rank, isOver: true, other: undefined });
    }
    printFigure(`${name}: ${kills} kills, others ended within ${Math.max(...seconds).toFixed(1)} s`);
    expect(Math.max(...seconds)).toBeLessThan(15);
  });
});
