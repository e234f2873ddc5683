import { errorFactory } from '../foundation/errors.js';
import { parseModel, type Model } from '../model/model.js';
import { computeFingerprint } from './fingerprint.js';
import type { CodedHeader } from './format.js';

/** Models that a coded file names, at the sizes that they were trained at (see `resizeModel`). */
export interface FileModels {
  /** Model that the frames are predicted by; an image model if every frame is a key frame. */
  model: Model;
  /** Image model for key frames; null if the file names none. */
  stills: Model | null;
}

/**
 * Finds the models that a coded file names by their fingerprints: the embedded model first, then `others`.
 *
 * @param others loaders of candidate models, called one after another until all models are found
 * @throws PxvError `CHECKPOINT` if a model is not found
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
    const remedy = 'name the model of the encoder: --model RUN or FILE.safetensors';
    throw errorFactory('CHECKPOINT', 'decode')('the file', `the model ${fingerprint}`, 'others', remedy);
  };
  return { model: of(model), stills: stills === null ? null : of(stills) };
}
