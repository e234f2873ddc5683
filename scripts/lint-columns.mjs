// Keeps lines of code within 120 columns. Prints each longer line's place. Prettier and clang-format leave comments and
// strings as long as they are.
//
// usage: node scripts/lint-columns.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MAX_COLUMNS = 120;
const PATTERNS = ['.ci/run', '*.ts', '*.js', '*.mjs', '*.cc', '*.c', '*.h', '*.py', '*.css', '*.sh'];

for (const path of execFileSync('git', ['ls-files', ...PATTERNS], { encoding: 'utf8' })
  .trim()
  .split('\n'))
  for (const [at, { length }] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (length <= MAX_COLUMNS) continue;
    console.error(`${path}:${at + 1}: ${length} columns, at most ${MAX_COLUMNS}`);
    process.exitCode = 1;
  }
