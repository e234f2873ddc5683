import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { describeType, parseModel, modelMetadata, nameWeights, type Model } from './model.js';
import { readBytes, writeSafetensors } from './safetensors.js';
import type { FloatType } from './safetensors-format.js';
import { installCommandOf, shippedModelFile, listShippedModels } from './shipped-models.js';

/** The model that predicts and scores video where none is named. */
export const DEFAULT_VIDEO_MODEL = 'video-64';

const MODEL_FILE = 'model.safetensors';

/**
 * Finds the file that `--model` means: a run folder, a safetensors file, or the name of a shipped model.
 * @throws PxvError `CHECKPOINT` where there is no such thing
 */
export function resolveModelFile(model: string): string {
  if (typeof model !== 'string') {
    const remedy = `give one, such as '${DEFAULT_VIDEO_MODEL}'`;
    throw errorFactory('USAGE', 'find model')(
      'name',
      'the name of a model, or the path of one',
      describeType(model),
      remedy,
    );
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

/** Writes weights under their parameters' names, whole or not at all. */
export function saveModel(path: string, model: Omit<Model, 'name'>, type: FloatType = 'F32'): void {
  const arrays = nameWeights(model.chain.parameters, model.weights);
  writeSafetensors(path, { arrays, metadata: modelMetadata(model) }, type);
}

/**
 * Reads a model for prediction or scoring.
 *
 * @param name of a shipped model, or the path of a run folder or a safetensors file
 * @throws PxvError `CHECKPOINT` where there is no such model, or its file is broken or not of this format; `USAGE` where the name is no text
 */
export function loadModel(name: string): Model {
  const path = resolveModelFile(name);
  return { ...parseModel(readBytes(path), path), name };
}
