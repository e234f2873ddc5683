import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds dist/ before the tests that run the command line or the package, unless it is newer than everything it is
 * built from. A run of chosen tests elsewhere does not wait for it. Type errors are left to `npm run typecheck`: they
 * stop no test.
 */
export default function buildOnce({ testPathPatterns }: { testPathPatterns: { patterns: string[] } }): void {
  const { patterns } = testPathPatterns;
  if (patterns.length > 0 && !patterns.some((pattern) => /bench|cli|library|reliability/.test(pattern))) return;
  const sources = ['cli', 'src', 'datasets', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  const newest = Math.max(...sources.flatMap(filesUnder).map(modified));
  if (modified('dist/cli/main.js') > newest) return;
  for (const step of [['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], ['scripts/detach-types.mjs']]) {
    spawnSync(process.execPath, step, { cwd: root });
  }
}

/** Milliseconds since 1970; 0 where there is no such file. */
function modified(path: string): number {
  return statSync(`${root}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function filesUnder(path: string): string[] {
  if (!statSync(`${root}/${path}`, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(`${root}/${path}`, { recursive: true, encoding: 'utf8' }).map((name) => `${path}/${name}`);
}
