import { errorsOf } from '../foundation/errors.js';
import type { Chain } from '../model/chain.js';
import { loadModel } from '../model/checkpoint.js';

/**
 * The weights of a model to start from: a shipped one's name, a checkpoint or a run folder.
 * @throws PxvError `CHECKPOINT` where there is none, or its networks have other arrays, by name and shape
 */
export function startingWeights(from: string, chain: Chain): Float32Array[] {
  const model = loadModel(from);
  const [needed, held] = [chain, model.chain].map(({ parameters }) =>
    parameters.map(({ name, shape }) => `${name} ${shape.join('x')}`),
  );
  const missing = needed.find((array) => !held.includes(array));
  const other = held.find((array) => !needed.includes(array));
  if (missing === undefined && other === undefined) return needed.map((array) => model.weights[held.indexOf(array)]);
  throw errorsOf('CHECKPOINT', 'start training')(
    from,
    `a model of the networks that are trained, ${missing === undefined ? 'with no more arrays' : `with ${missing}`}`,
    other === undefined ? 'one without it' : `one with ${other}`,
    'train the networks of that model, which --from brings where --config names none, or leave out --from',
  );
}
