import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE, type MixtureShape } from './kernels/index.js';
import { runDifferentiable } from './operation.js';

/**
 * Returns the softmax cross-entropy -log softmax(logits)[target] of each row, in nats. Differentiable in the logits.
 * The caller disposes the result.
 * @param logits [rows, levels]
 * @param targets [rows], int32, 0 .. levels - 1
 * @returns [rows]
 * @throws PxvError `USAGE` if the shapes do not match
 */
export function softmaxCrossEntropy(logits: Tensor2D, targets: Tensor1D): Tensor1D {
  const [rows, levels] = logits.shape;
  return runDifferentiable('softmaxCrossEntropy', { rows, levels }, { logits, targets }, () => {
    const oneHot = tf.oneHot(targets, levels, 1, 0, 'float32');
    return tf.neg(tf.sum<Tensor1D>(tf.mul(oneHot, tf.logSoftmax(logits)), 1));
  });
}

/**
 * Returns the sigmoid cross-entropy of each row with its target's level, in nats: -y log(sigmoid(z)) - (1 - y)
 * log(sigmoid(-z)), with y = target / (levels - 1) and z the logit. For two levels this is -log P(target).
 * Differentiable in the logits. The caller disposes the result.
 * @param logits [rows, 1]
 * @param targets [rows], int32, 0 .. levels - 1
 * @returns [rows]
 * @throws PxvError `USAGE` if the shapes do not match
 */
export function sigmoidCrossEntropy(logits: Tensor2D, targets: Tensor1D, levels: number): Tensor1D {
  const rows = logits.shape[0];
  return runDifferentiable('sigmoidCrossEntropy', { rows, levels }, { logits, targets }, () => {
    const y = tf.div(tf.cast(targets, 'float32'), levels - 1);
    const z = tf.reshape<Rank.R1>(logits, [rows]);
    // Two softplus, as softplus(z) - y z would cancel where z is large.
    return tf.add(tf.mul(y, tf.softplus(tf.neg(z))), tf.mul(tf.sub(1, y), tf.softplus(z)));
  });
}

/**
 * Returns -log P of each sub-pixel, in nats, under a mixture of discretised logistics, given the earlier colours of the
 * row: see kernels/logistic-mixture.ts. Differentiable in the parameters and the anchors. The caller disposes the
 * result.
 * @param parameters [rows, 3K] for one colour, [rows, 12K] for three
 * @param targets [rows, colours], int32, 0 .. levels - 1
 * @param anchors [rows, colours * A], in levels: the mean of component k starts from anchor k mod A of its colour
 * @returns [rows, colours]
 * @throws PxvError `USAGE` if a tensor does not fit `shape`
 */
export function logisticMixture(
  shape: MixtureShape,
  parameters: Tensor2D,
  targets: Tensor2D,
  anchors: Tensor2D,
): Tensor2D {
  const numbers = { ...shape, rows: parameters.shape[0] };
  return runDifferentiable('logisticMixture', numbers, { parameters, targets, anchors }, () => {
    const { components, colours, meanScale } = shape;
    // A copy, since the tape keeps the array of the parts.
    const blocks = [...tf.split<Tensor2D>(parameters, parameters.shape[1] / components, 1)];
    const targetLevels = tf.cast(targets, 'float32');
    const distances: Tensor2D[] = [];
    const nats: Tensor2D[] = [];
    let posterior: Tensor2D | null = null;
    for (let colour = 0; colour < colours; colour++) {
      const [weights, offsets, logScales, ...terms] = blocks.splice(0, 3 + colour);
      const target = columns(targetLevels, colour, 1);
      const start = ofComponents(columns(anchors, colour, shape.anchors), components);
      let distance: Tensor2D = tf.sub(tf.sub(target, start), tf.mul(offsets, meanScale));
      terms.forEach((term, earlier) => (distance = tf.sub(distance, tf.mul(tf.tanh(term), distances[earlier]))));
      const prior: Tensor2D = tf.logSoftmax(posterior === null ? weights : tf.add(posterior, weights));
      const joint = tf.add(prior, logisticLogP(shape, target, distance, logScales));
      const logP: Tensor2D = tf.logSumExp(joint, 1, true);
      posterior = tf.sub(joint, logP);
      distances.push(distance);
      nats.push(tf.neg(logP));
    }
    return tf.concat(nats, 1);
  });
}

/**
 * Returns the part with index `part` of x, split into parts of `width` columns. (The gradient of tf.split fails for a
 * single part.)
 */
function columns(x: Tensor2D, part: number, width: number): Tensor2D {
  return tf.slice(x, [0, part * width], [x.shape[0], width]);
}

/** Repeats A anchors [rows, A] to one for each component, [rows, components]. */
function ofComponents(anchors: Tensor2D, components: number): Tensor2D {
  return columns(tf.tile(anchors, [1, Math.ceil(components / anchors.shape[1])]), 0, components);
}

/** Returns the log-probability of each target [rows, 1] under each logistic, given target - mean [rows, components]. */
function logisticLogP({ levels }: MixtureShape, target: Tensor2D, distance: Tensor2D, logScales: Tensor2D): Tensor2D {
  const logScale = tf.clipByValue(tf.add(logScales, LOG_SCALE_OFFSET), MIN_LOG_SCALE, MAX_LOG_SCALE);
  const inverse = tf.exp(tf.neg(logScale));
  const belowUpper = logSigmoid(tf.mul(tf.add(distance, 0.5), inverse));
  const aboveLower = logSigmoid(tf.mul(tf.sub(0.5, distance), inverse));
  const inner = tf.add(tf.add(belowUpper, aboveLower), tf.log(tf.neg(tf.expm1(tf.neg(inverse)))));
  const isFirst = tf.equal(target, 0);
  const isLast = tf.equal(target, levels - 1);
  return tf.where<Tensor>(isFirst, belowUpper, tf.where<Tensor>(isLast, aboveLower, inner)) as Tensor2D;
}

/**
 * Returns log sigmoid(x). The gradient of tf.logSigmoid reads its input without having saved it, so tf.tidy may have
 * disposed the input.
 */
function logSigmoid<T extends Tensor>(x: T): T {
  return tf.neg(tf.softplus(tf.neg(x)));
}
