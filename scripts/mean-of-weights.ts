import type { Model } from '../src/model/checkpoint.js';

/**
 * The mean of the weights of models, of the same networks: what trainings that began alike got wrong differs, and the mean has less of
 * it ("Model soups", Wortsman et al. 2022). All else is the first one's.
 *
 * @param models two or more, whose parameters have the same names and shapes
 * @throws RangeError where there are fewer, or they have not
 */
export function meanOfWeights(models: readonly Model[]): Model {
  const [first] = models;
  if (models.length < 2)
    throw new RangeError(`mean of weights: expected two models or more, received ${models.length}`);
  for (const { name, chain } of models) {
    if (parametersOf(chain) !== parametersOf(first.chain))
      throw new RangeError(`mean of weights: ${name}: expected the parameters of ${first.name}, received others`);
  }
  const weights = first.weights.map((values, index) =>
    Float32Array.from(values, (_, at) => models.reduce((sum, one) => sum + one.weights[index][at], 0) / models.length),
  );
  return { ...first, weights };
}

const parametersOf = ({ parameters }: Model['chain']) =>
  JSON.stringify(parameters.map(({ name, shape }) => [name, shape]));
