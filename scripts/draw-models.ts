/** Writes the drawings of docs/models.md: `npm run build && node dist/scripts/draw-models.js`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawings } from './drawings/index.js';

for (const [name, draw] of Object.entries(drawings)) writeFileSync(join('docs', 'drawings', `${name}.svg`), draw());
