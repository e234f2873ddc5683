/** Slow tests (`*.slow.test.ts`) run only under `npm run test:slow`, the others only under `npm test`. */
const slow = process.env.PXV_SLOW === '1';

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/build-once.ts',
  testMatch: [slow ? '**/*.slow.test.ts' : '**/*.test.ts'],
  testPathIgnorePatterns: slow ? [] : ['\\.slow\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': '<rootDir>/test/transform.mjs',
    'node_modules/@tensorflow/.+\\.js$': '<rootDir>/test/transform-tfjs.mjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!@tensorflow/)'],
  testTimeout: slow ? 600_000 : 60_000,
  maxWorkers: 2,
};
