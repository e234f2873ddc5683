// Ends with 0 where `prepare` has nothing to do. `npx pxv` in a clone runs it once more, and shows nothing meanwhile:
// what `npm ci` has built is enough then.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isForNpx = process.env.npm_command === 'exec';
process.exitCode = isForNpx && existsSync(join(root, 'dist', 'cli', 'main.js')) ? 0 : 1;
