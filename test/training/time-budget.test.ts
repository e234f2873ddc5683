import { TimeBudget } from '../../src/training/time-budget.js';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Goes on until it is stopped. */
async function untilStopped(signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(1);
    signal.throwIfAborted();
  }
}

const now = performance.now.bind(performance);
let skipped = 0;
/** Lets time pass that the training takes. */
const train = (ms: number) => (skipped += ms);
beforeAll(() => {
  performance.now = () => now() + skipped;
});
afterAll(() => {
  performance.now = now;
});

test('nothing starts before its share of the time has passed; what takes longer is stopped and waits', async () => {
  const time = new TimeBudget(0.03);
  const calls: string[] = [];
  const spend = (name: string, work: typeof untilStopped = () => Promise.resolve()) =>
    time.spend(100, (signal) => {
      calls.push(name);
      return work(signal);
    });
  train(3_000);
  await spend('too early: 90 ms are left, and 100 expected');
  train(1_000);
  const began = now();
  await spend('stopped', untilStopped);
  const took = now() - began;
  expect(took).toBeGreaterThan(100);
  // All of the share is spent; twice as long as it took is to be left.
  train((1.5 * took) / 0.03);
  await spend('still too early');
  train((0.7 * took) / 0.03);
  await spend('done');
  expect(calls).toEqual(['stopped', 'done']);
});

test('nothing starts once its signal is aborted', async () => {
  const time = new TimeBudget(0.03);
  train(60_000);
  let calls = 0;
  const work = () => Promise.resolve(void calls++);
  await time.spend(1, work, AbortSignal.abort());
  expect(calls).toBe(0);
  await time.spend(1, work, new AbortController().signal);
  expect(calls).toBe(1);
});

test('an error of what is done is thrown, and the reason of a stop is not', async () => {
  const time = new TimeBudget(0.03);
  train(60_000);
  await expect(time.spend(1, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
  const stopping = new AbortController();
  setTimeout(() => stopping.abort(new Error('SIGINT')), 20);
  await time.spend(1, untilStopped, stopping.signal);
});
