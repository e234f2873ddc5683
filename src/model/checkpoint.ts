import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { writeFileAtomically } from '../foundation/write-file.js';
import { describeType, encodeModel, parseModel, type Model } from './model.js';
import { readBytes } from './safetensors.js';
import type { FloatType } from './safetensors-format.js';
import { installCommandOf, shippedModelFile, listShippedModels } from './shipped-models.js';

/** Name of the default model of video: it predicts, scores and codes, and trainings on clips start from it. */
export const DEFAULT_VIDEO_MODEL = 'video-64';

const MODEL_FILE = 'model.safetensors';

/**
 * Returns the path of the model file for the value of `--model`: a run folder, a safetensors file, or the name of a
 * shipped model, in this order.
 * @throws PxvError `CHECKPOINT` if there is no such file; `USAGE` if `model` is not a string
 */
export function resolveModelFile(model: string): string {
  if (typeof model !== 'string') {
    const expected = 'the name of a model, or the path of one';
    const remedy = `give one, such as '${DEFAULT_VIDEO_MODEL}'`;
    throw errorFactory('USAGE', 'find model')('name', expected, describeType(model), remedy);
  }
  const candidates = [join(model, MODEL_FILE), model, shippedModelFile(model)];
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile());
  if (found !== undefined) return found;
  const install = installCommandOf(model);
  const missing = install ? 'one of the models that are a package of their own' : 'no such path or name';
  throw errorFactory('CHECKPOINT', 'find model')(
    model,
    `a run folder with ${MODEL_FILE}, a .safetensors file, or a shipped model (${listShippedModels().join(', ')})`,
    existsSync(model) ? `a folder without ${MODEL_FILE}` : missing,
    install ? `run: ${install}` : 'check the name, or train one with `pxv train --frames DIR --out RUN`',
  );
}

/**
 * Writes a model's weights and metadata to a safetensors file, atomically.
 * @param path path of the file, which is overwritten
 * @param type type of the written weights; default: float32
 * @throws PxvError `OUTPUT` if the file cannot be written
 */
export function saveModel(path: string, model: Omit<Model, 'name'>, type: FloatType = 'F32'): void {
  writeFileAtomically(path, encodeModel(model, type) as NodeJS.ArrayBufferView[]);
}

/**
 * Reads a model for prediction or scoring.
 * @param name name of a shipped model, or path of a run folder or a safetensors file
 * @throws PxvError `CHECKPOINT` if there is no such model, or its file is broken or not of this format; `USAGE` if
 *   `name` is not a string
 * @example
 * ```js
 * import { loadModel } from 'pxv';
 *
 * const { size, channels } = loadModel('video-64').chain.exampleShape;
 * console.log(size, channels); // { width: 64, height: 64 } 3
 * ```
 */
export function loadModel(name: string): Model {
  const path = resolveModelFile(name);
  return { ...parseModel(readBytes(path), path), name };
}
