/** True under `npm run test:reliability`; false under `npm test`, where each test takes a second or so. */
export const isThorough = process.env.PXV_RELIABILITY === '1';

/** Returns the number of cases of a test: `quick` under `npm test`, `thorough` under `npm run test:reliability`. */
export function chooseCases(quick: number, thorough: number): number {
  return isThorough ? thorough : quick;
}
