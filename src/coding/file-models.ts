import { errorFactory } from '../foundation/errors.js';
import { parseModel, type Model } from '../model/model.js';
import { computeFingerprint } from './fingerprint.js';
import type { CodedHeader } from './format.js';

/** The models that wrote a file, at any size. */
export interface FileModels {
  model: Model;
  /** Of images, which key frames may be written by; null: none is named. */
  stills: Model | null;
}

/**
 * Finds the models that a file names: first in the file itself, then among others.
 *
 * @param others loaded one after another, until both are found
 * @throws PxvError `CHECKPOINT` where one is nowhere
 */
export async function findFileModels(
  { model, stills, embedded }: CodedHeader,
  others: Iterable<() => Model | Promise<Model>>,
): Promise<FileModels> {
  const known = new Map<string, Model>();
  const add = async (found: Model) => known.set(await computeFingerprint(found), found);
  if (embedded !== null) await add(parseModel(embedded, 'the file'));
  for (const load of others) {
    if (known.has(model) && (stills === null || known.has(stills))) break;
    await add(await load());
  }
  const of = (fingerprint: string): Model => {
    const found = known.get(fingerprint);
    if (found !== undefined) return found;
    const remedy = 'name the model that wrote it: --model RUN or FILE.safetensors';
    throw errorFactory('CHECKPOINT', 'decode')('the file', `the model ${fingerprint}`, 'others', remedy);
  };
  return { model: of(model), stills: stills === null ? null : of(stills) };
}
