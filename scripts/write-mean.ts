/** Writes the mean of the weights of models: `npm run build && node dist/scripts/write-mean.js OUT.safetensors MODEL MODEL...`. */
import { existsSync } from 'node:fs';
import { loadModel, saveModel } from '../src/model/checkpoint.js';
import { meanOfWeights } from './mean-of-weights.js';

const [out, ...names] = process.argv.slice(2);
if (out === undefined) throw new TypeError('write-mean: expected a file to write, then models, received nothing');
if (existsSync(out)) throw new TypeError(`write-mean: ${out}: expected a new file, received one that exists`);
saveModel(out, meanOfWeights(names.map(loadModel)));
