import { getHeapStatistics } from 'node:v8';
import { PxvError } from '../../src/foundation/errors.js';
import { chooseCases, isThorough } from '../extent.js';
import { Mutation } from './mutation.js';

/** Target of hostile input, and the sizes of the attack. */
export interface Attack<Input> {
  /** Number of cases under `npm test`, and under `npm run test:reliability`. */
  cases: readonly [quick: number, thorough: number];
  /** Makes the input of a case. */
  make: (mutation: Mutation) => Input;
  /** Gives an input to the target. */
  run: (input: Input) => unknown;
  /** Checks an answer of the target. Default: any answer is good. */
  check?: (answer: Awaited<ReturnType<Attack<Input>['run']>>, input: Input) => void;
}

/** Longest time of a case, in milliseconds; a training may run on the same cores. */
const LONGEST_MS = 5000;
/** Most memory that a case may take beyond what it had, in bytes. Inputs have a few kilobytes. */
const MOST_BYTES = 64 * 2 ** 20;
/** Longest message, in characters. */
const LONGEST_MESSAGE = 5000;

/**
 * Defines a test that gives hostile inputs to a target. Each is answered, or refused by a `PxvError` of one line,
 * within `LONGEST_MS` and `MOST_BYTES`. An input that fails is named by its seed.
 */
export function testAttack<Input>(name: string, attack: Attack<Input>): void {
  const count = chooseCases(...attack.cases);
  test(`${name} answers or refuses each of ${count} hostile inputs`, async () => {
    const began = performance.now();
    let [refused, slowest, largest] = [0, 0, 0];
    for (let seed = 1; seed <= count; seed++) {
      try {
        const input = attack.make(new Mutation(seed));
        const [before, start] = [allocated(), performance.now()];
        try {
          const answer = attack.run(input);
          const found = answer instanceof Promise ? ((await answer) as unknown) : answer;
          attack.check?.(found, input);
        } catch (error) {
          refused++;
          expectRefusal(error);
        }
        slowest = Math.max(slowest, performance.now() - start);
        largest = Math.max(largest, allocated() - before);
        if (slowest > LONGEST_MS) throw new Error(`took ${slowest} ms`);
        if (largest > MOST_BYTES) throw new Error(`took ${largest} bytes`);
      } catch (cause) {
        throw new Error(`case ${seed}: ${(cause as Error).message}`, { cause });
      }
    }
    const seconds = (performance.now() - began) / 1000;
    const most = `slowest ${slowest.toFixed(0)} ms, most ${(largest / 2 ** 20).toFixed(1)} MiB`;
    if (isThorough)
      report(`${expect.getState().currentTestName}: ${refused} refused, ${most}, ${seconds.toFixed(0)} s`);
  });
}

/** Throws unless an error is a refusal: a `PxvError` whose message is one line of text. */
export function expectRefusal(error: unknown): void {
  if (!(error instanceof PxvError)) throw error;
  if (error.message.includes('\n')) throw new Error(`refused in several lines: ${JSON.stringify(error.message)}`);
  if (error.message.length > LONGEST_MESSAGE) throw new Error(`refused in ${error.message.length} characters`);
}

/** Prints a figure for docs/reliability.md. */
export function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Returns the bytes of values and of arrays. */
function allocated(): number {
  const { used_heap_size: values, external_memory: arrays } = getHeapStatistics();
  return values + arrays;
}
