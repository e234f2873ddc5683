import { setTimeout as sleep } from 'node:timers/promises';
import { addInPlace, singleProcess, barrier } from '../../src/distributed/process-group.js';
import { assertSame } from '../../src/distributed/assert-same.js';
import { randomNumbers } from '../random.js';
import { inRanks } from './in-memory.js';

/** Numbers of many magnitudes, whose sum depends on the order. */
function numbersOf(rank: number, length: number): Float32Array {
  const next = randomNumbers(rank);
  return Float32Array.from({ length }, () => (next() - 0.5) * 10 ** (8 * next()));
}

/** The sum by its definition: neighbours, then neighbouring pairs, and so on. */
function treeSum(values: Float32Array[]): Float32Array {
  if (values.length === 1) return values[0].slice();
  const [left, right] = [values.slice(0, values.length / 2), values.slice(values.length / 2)].map(treeSum);
  addInPlace(left, right);
  return left;
}

describe('the sum over ranks', () => {
  test.each([
    [2, 5],
    [4, 1001],
    [8, 7],
    [4, 3],
    [2, 1],
    [4, 0],
  ])('of %i ranks with %i numbers is that of one binary tree, bit for bit, in every rank', async (size, length) => {
    const values = Array.from({ length: size }, (_, rank) => numbersOf(rank, length));
    const expected = treeSum(values);
    const sums = await inRanks(size, async (processGroup) => {
      const own = values[processGroup.rank].slice();
      await processGroup.allReduce(own);
      return own;
    });
    for (const sum of sums) expect(Buffer.from(sum.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  });

  test('is not that of another order', () => {
    const values = Array.from({ length: 4 }, (_, rank) => numbersOf(rank, 1001));
    const inTurn = values[0].slice();
    for (const others of values.slice(1)) addInPlace(inTurn, others);
    expect(inTurn).not.toEqual(treeSum(values));
  });

  test('of one process leaves the numbers as they are', async () => {
    const values = numbersOf(0, 5);
    const before = values.slice();
    await singleProcess.allReduce(values);
    expect(values).toEqual(before);
  });
});

test('all ranks have what each one gives', async () => {
  const givenBy = (rank: number) => ({
    rank,
    bytes: Uint8Array.from({ length: 10 * rank }, (_, at) => at),
    none: undefined,
  });
  const had = await inRanks(4, (processGroup) => processGroup.allGather(givenBy(processGroup.rank)));
  for (const all of had) expect(all).toEqual([0, 1, 2, 3].map(givenBy));
});

test('all ranks have what the first one gives', async () => {
  const given = { step: 3, texts: ['ä', 'x'.repeat(100_000)], nothing: null };
  const had = await inRanks(4, (processGroup) => processGroup.broadcast(processGroup.rank === 0 ? given : null));
  expect(had).toEqual([given, given, given, given]);
});

test('no rank passes a barrier before all have come to it', async () => {
  let come = 0;
  const seen = await inRanks(4, async (processGroup) => {
    await new Promise((resolve) => setTimeout(resolve, 20 * processGroup.rank));
    come++;
    await barrier(processGroup);
    return come;
  });
  expect(seen).toEqual([4, 4, 4, 4]);
});

describe('ranks that have other facts than the first', () => {
  const factsOf = (rank: number) => ({ version: '1.0', training: { batch: rank === 2 ? 4 : 8 } });

  test('refuse in one line that names the first of them', async () => {
    const passed: number[] = [];
    const said = await inRanks(4, async (processGroup) => {
      const refusal = await Promise.race([
        assertSame(processGroup, 'train', factsOf(processGroup.rank)).then(() => passed.push(processGroup.rank)),
        sleep(500),
      ]).catch((error: Error) => error.message);
      return refusal ?? null;
    });
    expect(passed).toEqual([]);
    expect(said.map((line) => line !== null)).toEqual([false, false, true, false]);
    expect(said[2]).toMatch(/^train: training\.batch: expected 8, as the first rank has, received 4; start all ranks/);
  });
});
