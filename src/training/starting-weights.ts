import { PxvError } from '../errors.js';
import type { Chain } from '../model/chain.js';
import { loadModel } from '../model/checkpoint.js';
import { headOf } from '../model/heads/index.js';
import { EARLIER_LAYERS, isOfEarlierPixels } from '../model/earlier-input.js';
import { regressionInputFeatures } from '../model/regression-input.js';
import { templateInputFeatures } from '../model/template-input.js';

/**
 * The weights of a model for a training to start from. Its networks must be the same, but that a head may have outputs which
 * that of the model lacks, where they do without at 0: those start there. Weights for what is made of earlier
 * pixels, by template matching and local regression, start at 0 too, where the model has none.
 *
 * @param from name of a model that ships, path of a checkpoint or of a run folder
 * @throws PxvError `CHECKPOINT` where the model has other networks, or there is none
 */
export function startingWeights(from: string, chain: Chain): Float32Array[] {
  const model = loadModel(from);
  const theirs = new Map(
    model.chain.parameters.map(({ name, shape }, i) => [name, { shape, values: model.weights[i] }]),
  );
  const grown = grownHeads(model.chain, chain);
  const regressed = newlyRegressed(model.chain, chain);
  const weights = chain.parameters.map(({ name, shape }) => {
    const given = theirs.get(name);
    theirs.delete(name);
    const outputs = grown.get(name);
    const read =
      given === undefined || outputs === undefined
        ? given
        : {
            shape: [...given.shape.slice(0, -1), outputs.length],
            values: selected(given.values, given.shape.at(-1)!, outputs),
          };
    if (read?.shape.join('x') === shape.join('x')) return read.values;
    const isRegressed = regressed.has(name) && shape.at(-1) === read?.shape.at(-1);
    if (isOfEarlierPixels(name) && (read === undefined || isRegressed)) {
      const all = new Float32Array(shape.reduce((product, side) => product * side, 1));
      all.set(read?.values ?? []);
      return all;
    }
    throw otherNetworks(from, `one without ${name} ${shape.join('x')}`);
  });
  if (theirs.size > 0) throw otherNetworks(from, 'one with more parameters');
  return weights;
}

/** By name of an array of a head: for each of its outputs, which output of the other chain's head it was; null: none. */
function grownHeads(theirs: Chain, { scales }: Chain): Map<string, (number | null)[]> {
  const grown = scales.flatMap(({ description: { head, channels } }, scale) => {
    const earlier = theirs.scales.at(scale)?.description;
    const isLike = earlier?.head.type === head.type && earlier.channels === channels;
    const outputs = isLike ? headOf(head).grownFrom?.(head, earlier.head, channels) : null;
    if (!outputs) return [];
    const arrays = ['head', EARLIER_LAYERS.head].flatMap((layer) => [`${layer}.weights`, `${layer}.bias`]);
    return arrays.map((array) => [`scales.${scale}.${array}`, outputs] as const);
  });
  return new Map(grown);
}

/** Names of the weights for earlier pixels that read local regression after what the other chain's read, which has none. */
function newlyRegressed(theirs: Chain, { scales }: Chain): Set<string> {
  const names = scales.flatMap(({ description }, scale) => {
    const earlier = theirs.scales.at(scale)?.description;
    const isLike = earlier !== undefined && templateInputFeatures(earlier) === templateInputFeatures(description);
    if (!isLike || regressionInputFeatures(earlier) > 0) return [];
    return Object.values(EARLIER_LAYERS).map((layer) => `scales.${scale}.${layer}.weights`);
  });
  return new Set(names);
}

/** The columns of a matrix, 0 where there is none. */
function selected(values: Float32Array, width: number, columns: readonly (number | null)[]): Float32Array {
  const rows = values.length / width;
  return Float32Array.from({ length: rows * columns.length }, (_, at) => {
    const column = columns[at % columns.length];
    return column === null ? 0 : values[Math.floor(at / columns.length) * width + column];
  });
}

function otherNetworks(from: string, received: string): PxvError {
  return new PxvError({
    code: 'CHECKPOINT',
    operation: 'start training',
    argument: from,
    expected: 'a model of the same networks',
    received,
    remedy: 'take the description of that model, or leave out --from',
  });
}
