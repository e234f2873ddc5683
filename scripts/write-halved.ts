/** Writes a model with its weights in 16 bits, as it ships: `npm run build && node dist/scripts/write-halved.js OUT.safetensors MODEL`. */
import { existsSync } from 'node:fs';
import { loadModel, saveModel } from '../src/model/checkpoint.js';

const [out, name] = process.argv.slice(2);
if (name === undefined) throw new TypeError('write-halved: expected a file to write, then a model, received less');
if (existsSync(out)) throw new TypeError(`write-halved: ${out}: expected a new file, received one that exists`);
saveModel(out, loadModel(name), 'F16');
