import { readdirSync, readFileSync } from 'node:fs';

/**
 * Kinds of tests, chosen by the environment variable PXV_TESTS:
 * - quick, `npm test`: all but `*.slow.test.ts`, tests of reliability and each `slowTest` of test/extent.ts, with
 *   kernels and the engine on the best instruction set of the machine and on WebAssembly;
 * - slow, `npm run test:slow`: what the quick tests skip, and the suites of kernels, networks and the engine again, on
 *   every instruction set of the machine;
 * - reliability, `npm run test:reliability`: `*.reliability.test.ts` with many cases (`chooseCases` of test/extent.ts);
 * - lint, a part of `npm run lint`: tests of sources and documents, in test/lint.
 */
const kind = process.env.PXV_TESTS ?? 'quick';

const withSlowTests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && readFileSync(`test/${name}`, 'utf8').includes('slowTest'))
  .map((name) => `**/test/${name}`);

const matched = {
  quick: ['**/*.test.ts'],
  slow: ['**/*.{slow,reliability}.test.ts', '**/test/{backend,model,sampling}/**/*.test.ts', ...withSlowTests],
  reliability: ['**/*.reliability.test.ts'],
  lint: ['**/test/lint/*.test.ts'],
};
const ignored = {
  quick: ['\\.(slow|reliability)\\.test\\.ts$', '/test/lint/'],
  slow: ['/test/lint/'],
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
