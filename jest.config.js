/**
 * Kinds of tests, chosen by the environment variable PXV_TESTS:
 * - quick, `npm test`: all but the others;
 * - slow, `npm run test:slow`: `*.slow.test.ts`, tests of reliability with few cases, and kernels, networks and the
 *   engine on every instruction set of the machine, where the quick tests take the best one and WebAssembly;
 * - reliability, `npm run test:reliability`: `*.reliability.test.ts` with many cases (`chooseCases` of test/extent.ts);
 * - lint, a part of `npm run lint`: tests of sources and documents, in test/lint.
 */
const kind = process.env.PXV_TESTS ?? 'quick';

const matched = {
  quick: ['**/*.test.ts'],
  slow: ['**/*.slow.test.ts', '**/*.reliability.test.ts', '**/test/{backend,model,sampling}/**/*.test.ts'],
  reliability: ['**/*.reliability.test.ts'],
  lint: ['**/test/lint/*.test.ts'],
};
const ignored = {
  quick: ['\\.(slow|reliability)\\.test\\.ts$', '/test/lint/'],
  slow: [],
  reliability: [],
  lint: [],
};
const seconds = { quick: 60, slow: 600, reliability: 7200, lint: 60 };

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/build-once.ts',
  setupFilesAfterEnv: ['<rootDir>/test/equal-bytes.ts'],
  testMatch: matched[kind],
  testPathIgnorePatterns: ignored[kind],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': '<rootDir>/test/transform.mjs',
    'node_modules/@tensorflow/.+\\.js$': '<rootDir>/test/transform-tfjs.mjs',
  },
  transformIgnorePatterns: ['/node_modules/(?!@tensorflow/)'],
  testTimeout: 1000 * seconds[kind],
  maxWorkers: kind === 'reliability' ? 1 : 2,
};
