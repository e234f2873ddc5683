/**
 * Makes the README's picture again by its own first command: `npm run build && node
 * dist/scripts/write-first-prediction.js`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { FIRST_PREDICTION, firstPrediction } from './first-prediction.js';

const words = [...firstPrediction(readFileSync('README.md', 'utf8'), FIRST_PREDICTION), '--overwrite'];
process.exitCode = spawnSync(process.execPath, ['dist/cli/main.js', ...words], { stdio: 'inherit' }).status ?? 1;
