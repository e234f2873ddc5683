import { count, extent, integer, kernel, scalarArguments, single, type ValuesOf } from './description.js';

const mixture = scalarArguments('MixtureShape', {
  rows: count,
  /** Number of mixture components, K. */
  components: extent,
  /** Number of levels of a sub-pixel. */
  levels: integer(2, 256),
  /** Levels that one unit of network output moves a mean. */
  meanScale: single,
  /** Number of sub-pixels that share the choice of component, 1 or 3. */
  colours: integer(1, 3),
  /** Number of anchors of a sub-pixel, A: component k starts from anchor k mod A. */
  anchors: extent,
});

/**
 * Parameters of mixtures of discretised logistics: number of `components`, K, and of `levels`; `meanScale`, the levels
 * that one unit of network output moves a mean; `colours`, the number of sub-pixels that share the choice of component,
 * 1 or 3; number of `anchors` of a sub-pixel, A.
 */
export type MixtureShape = Omit<ValuesOf<typeof mixture>, 'rows'>;

type MixtureCall = ValuesOf<typeof mixture>;

/** Array of the mixture parameters: 3 per component and colour, and one per component for each pair of colours. */
const parameters = {
  shape: ({ rows, components: k, colours: c }: MixtureCall) => [rows, k * (3 * c + (c * (c - 1)) / 2)],
};
const subPixels = { shape: ({ rows, colours }: MixtureCall) => [rows, colours] };
const anchors = { shape: ({ rows, colours, anchors }: MixtureCall) => [rows, colours * anchors] };
const limits = ({ colours }: MixtureShape) => ({ '(colours - 1) / 2': (colours - 1) / 2 });

/**
 * Offset of log scales: log scale = network output + offset, clamped to MIN_LOG_SCALE .. MAX_LOG_SCALE (scales in
 * levels).
 */
export const LOG_SCALE_OFFSET = 1.0986122886681098; // Math.log(3) may have another last bit.
/** Minimum natural logarithm of a logistic's scale in levels. */
export const MIN_LOG_SCALE = -3;
/** Maximum natural logarithm of a logistic's scale in levels. */
export const MAX_LOG_SCALE = 6;

/**
 * Kernel that computes -log P, in nats, of each sub-pixel under mixtures of K discretised logistics, given the earlier
 * colours of its row. A row of C colours chooses one component for all its colours. The weights of a later colour are
 * the posterior of the components given the earlier colours, times weights of its own.
 *
 * Colours are counted from 0, and x_c is targets[i, c]. The parameters of a row lie colour after colour. A colour has K
 * weight logits l, K mean offsets m, K log-scale offsets s, and K linear terms a_ce for each earlier colour e in turn.
 * With all of them for component k, and anchor_c = anchors[i, c, k mod A], in levels:
 *
 *     mean_c = anchor_c + meanScale * m_c + sum over e < c of tanh(a_ce) (x_e - mean_e)     (levels)
 *     log scale = clamp(s_c + log 3, -3, 6)                                                 (scale in levels)
 *     upper = (x_c + 1/2 - mean_c) / scale,   lower = (x_c - 1/2 - mean_c) / scale
 *     inner levels: log p_c = log sigmoid(upper) + log sigmoid(-lower) + log(1 - exp(-1 / scale))
 *     level 0: log p_c = log sigmoid(upper)      last level: log p_c = log sigmoid(-lower)
 *     q_0 = l_0,   q_c = q_(c-1) + log p_(c-1) + l_c
 *     nats[i, c] = log sum over k of exp(q_c) - log sum over k of exp(q_c + log p_c)
 */
export const logisticMixture = kernel({
  numbers: mixture,
  inputs: { parameters, targets: { type: 'int32_t', ...subPixels, below: ({ levels }) => levels }, anchors },
  outputs: { nats: subPixels },
  limits,
});

/**
 * Gradients of the sum of dNats * nats of `logisticMixture` with respect to parameters and anchors. Gradients of
 * log-scale offsets are zero where the clamp holds.
 */
export const logisticMixtureGradient = kernel({
  numbers: mixture,
  inputs: { ...logisticMixture.inputs, dNats: subPixels },
  outputs: { dParameters: parameters, dAnchors: anchors },
  limits,
});
