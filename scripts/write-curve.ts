/**
 * Writes the learning curve of a run folder: `npm run build && node dist/scripts/write-curve.js RUN >
 * docs/curves/NAME.csv`.
 */
import { curveOf, formatCurve } from './curve.js';

const [run] = process.argv.slice(2);
if (run === undefined) throw new TypeError('write-curve: expected a run folder, received nothing');
process.stdout.write(formatCurve(curveOf(run)));
