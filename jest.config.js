/**
 * Slow tests (`*.slow.test.ts`) run only under `npm run test:slow`, the others only under `npm test`. Those of
 * reliability (`*.reliability.test.ts`) also run under `npm run test:reliability`, with many more cases: see
 * `test/reliability/cases.ts`.
 */
const slow = process.env.PXV_SLOW === '1';
const thorough = process.env.PXV_RELIABILITY === '1';

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/build-once.ts',
  setupFilesAfterEnv: ['<rootDir>/test/equal-bytes.ts'],
  testMatch: [slow ? '**/*.slow.test.ts' : thorough ? '**/*.reliability.test.ts' : '**/*.test.ts'],
  testPathIgnorePatterns: slow ? [] : ['\\.slow\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': '<rootDir>/test/transform.mjs',
    'node_modules/@tensorflow/.+\\.js$': '<rootDir>/test/transform-tfjs.mjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!@tensorflow/)'],
  testTimeout: thorough ? 7_200_000 : slow ? 600_000 : 60_000,
  maxWorkers: thorough ? 1 : 2,
};
