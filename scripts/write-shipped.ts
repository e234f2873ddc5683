/**
 * Writes the model of a run as it ships, with its weights in 16 bits, and with the hashes of the recipe that made it
 * and of its data, the list of its clips or the file of its images: `npm run build && node
 * dist/scripts/write-shipped.js OUT.safetensors RUN RECIPE.json DATA`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { chooseBackend } from '../src/backend/choose-backend.js';
import { loadModel, saveModel } from '../src/model/checkpoint.js';
import { runSchema } from '../src/training/configuration.js';
import { RunFolder } from '../src/training/run-folder.js';

const [out, run, recipe, data] = process.argv.slice(2);
if (data === undefined)
  throw new TypeError('write-shipped: expected a file to write, a run, its recipe and its data, received less');
if (existsSync(out)) throw new TypeError(`write-shipped: ${out}: expected a new file, received one that exists`);
// A run is loaded with its tensors.
await chooseBackend();
const { configuration } = new RunFolder(run).load().checkpoint;
const asked = runSchema.parse({ ...(JSON.parse(readFileSync(recipe, 'utf8')) as object), data: configuration.data });
if (!isDeepStrictEqual(asked, configuration))
  throw new TypeError(`write-shipped: ${run}: expected a training by ${recipe}, received one of another configuration`);
const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
saveModel(out, { ...loadModel(run), origin: { recipe: hashOf(recipe), data: hashOf(data) } }, 'F16');
