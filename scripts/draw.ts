/** Writes the documents' drawings: `npm run build && node dist/scripts/draw.js`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend } from '../src/backend/choose-backend.js';
import { drawings } from './drawings/index.js';

await chooseBackend({ backend: 'cpu' });
for (const [name, draw] of Object.entries(drawings)) writeFileSync(join('docs', 'drawings', `${name}.svg`), draw());
