import { count, kernel, scalarArguments, single } from './description.js';

const weights = { shape: ({ count }: { count: number }) => [count] };
const scale = { shape: () => [1] };

/**
 * Adam update (Kingma and Ba 2014, algorithm 1) of weights w with g = gradient * scale[0]: m' = b1 m + (1 - b1) g; v' =
 * b2 v + (1 - b2) g^2; w' = w - rate * (m' / correction1) / (sqrt(v' / correction2) + eps). The corrections are 1 -
 * b1^t and 1 - b2^t in update t, counted from 1.
 */
export const adam = kernel({
  numbers: scalarArguments('AdamStep', {
    count,
    rate: single,
    beta1: single,
    beta2: single,
    epsilon: single,
    correction1: single,
    correction2: single,
  }),
  inputs: { weights, gradient: weights, scale, m: weights, v: weights },
  outputs: {
    newWeights: { ...weights, like: 'weights' },
    newM: { ...weights, like: 'm' },
    newV: { ...weights, like: 'v' },
  },
});

/**
 * RMSProp update: v' = decay v + (1 - decay) g^2; w' = w - rate * g / (sqrt(v') + eps), with g = gradient * scale[0].
 */
export const rmsProp = kernel({
  numbers: scalarArguments('RmsPropStep', { count, rate: single, decay: single, epsilon: single }),
  inputs: { weights, gradient: weights, scale, v: weights },
  outputs: { newWeights: { ...weights, like: 'weights' }, newV: { ...weights, like: 'v' } },
});
