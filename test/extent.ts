/** Kind of the tests that run, which `jest.config.js` chooses by. */
const kind = process.env.PXV_TESTS ?? 'quick';

/** True under `npm run test:slow`: kernels and the engine then run on every instruction set of the machine. */
export const isSlowRun = kind === 'slow';

/** Test that takes long: `npm test` skips it. */
export const slowTest = isSlowRun ? test : test.skip;

/** Returns all of `items` under `npm run test:slow`, every third of them under `npm test`. */
export function thinOut<T>(items: readonly T[]): readonly T[] {
  return items.filter((_, index) => isSlowRun || index % 3 === 0);
}

/** True under `npm run test:reliability`, where a test of reliability may take hours. */
export const isThorough = kind === 'reliability';

/** Returns the number of cases of a test of reliability: `thorough` under `npm run test:reliability`, else `quick`. */
export function chooseCases(quick: number, thorough: number): number {
  return isThorough ? thorough : quick;
}
