import * as tf from '@tensorflow/tfjs-core';
import type { Rank, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { LOG_SCALE_OFFSET, MAX_LOG_SCALE, MIN_LOG_SCALE, type MixtureShape } from './kernels.js';
import { expectShape, hasKernel, runKernel } from './operation.js';

/**
 * -log softmax(logits)[target] of each row, in nats. Differentiable in the logits.
 *
 * @param logits [rows, levels]
 * @param targets [rows], int32, 0 .. levels - 1
 * @returns [rows]
 */
export function softmaxCrossEntropy(logits: Tensor2D, targets: Tensor1D): Tensor1D {
  expectShape('softmaxCrossEntropy', 'targets', targets, [logits.shape[0]]);
  if (hasKernel('pxv.softmaxCrossEntropy')) {
    return differentiable(
      logits,
      [targets],
      () => runKernel('pxv.softmaxCrossEntropy', { logits, targets }, {}),
      (dNats, [logits, targets]) => runKernel('pxv.softmaxCrossEntropyGradient', { logits, targets, dNats }, {}),
    );
  }
  return tf.tidy(() => {
    const oneHot = tf.oneHot(targets, logits.shape[1], 1, 0, 'float32');
    return tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1));
  });
}

/**
 * -log P(target) of each row in nats, where P(1) = sigmoid(logit) and P(0) = sigmoid(-logit). Differentiable in the
 * logits.
 *
 * @param logits [rows, 1]
 * @param targets [rows], int32, 0 or 1
 * @returns [rows]
 */
export function sigmoidCrossEntropy(logits: Tensor2D, targets: Tensor1D): Tensor1D {
  const rows = logits.shape[0];
  expectShape('sigmoidCrossEntropy', 'logits', logits, [rows, 1]);
  expectShape('sigmoidCrossEntropy', 'targets', targets, [rows]);
  if (hasKernel('pxv.sigmoidCrossEntropy')) {
    return differentiable(
      logits,
      [targets],
      () => runKernel('pxv.sigmoidCrossEntropy', { logits, targets }, {}),
      (dNats, [logits, targets]) => runKernel('pxv.sigmoidCrossEntropyGradient', { logits, targets, dNats }, {}),
    );
  }
  return tf.tidy(() => {
    // The other level's logit: 1 becomes -1 and 0 becomes 1. softplus(x) - t x would cancel where x is large.
    const signs = tf.sub(1, tf.mul(2, tf.cast(targets, 'float32')));
    return tf.softplus(tf.mul(tf.reshape<Rank.R1>(logits, [rows]), signs));
  });
}

/**
 * -log P(target) of each row under a mixture of discretised logistics, in nats: see Kernels.logisticMixture.
 * Differentiable in the parameters.
 *
 * @param parameters [rows, 3K]: K weight logits, K mean offsets, K log-scale offsets
 * @param targets [rows], int32, 0 .. levels - 1
 * @param anchors [rows], where the means start, in levels
 * @returns [rows]
 */
export function logisticMixture(
  shape: MixtureShape,
  parameters: Tensor2D,
  targets: Tensor1D,
  anchors: Tensor1D,
): Tensor1D {
  const rows = parameters.shape[0];
  expectShape('logisticMixture', 'parameters', parameters, [rows, 3 * shape.components]);
  expectShape('logisticMixture', 'targets', targets, [rows]);
  expectShape('logisticMixture', 'anchors', anchors, [rows]);
  if (hasKernel('pxv.logisticMixture')) {
    return differentiable(
      parameters,
      [targets, anchors],
      () => runKernel('pxv.logisticMixture', { parameters, targets, anchors }, { shape }),
      (dNats, [parameters, targets, anchors]) =>
        runKernel('pxv.logisticMixtureGradient', { parameters, targets, anchors, dNats }, { shape }),
    );
  }
  return tf.tidy(() => {
    const [weights, offsets, logScales] = tf.split(parameters, 3, 1);
    const logScale = tf.clipByValue(tf.add(logScales, LOG_SCALE_OFFSET), MIN_LOG_SCALE, MAX_LOG_SCALE);
    const inverse = tf.exp(tf.neg(logScale));
    const target = tf.expandDims(tf.cast(targets, 'float32'), 1);
    const distance = tf.sub(tf.sub(target, tf.expandDims(anchors, 1)), tf.mul(offsets, shape.meanScale));
    const belowUpper = logSigmoid(tf.mul(tf.add(distance, 0.5), inverse));
    const aboveLower = logSigmoid(tf.mul(tf.sub(0.5, distance), inverse));
    const inner = tf.add(tf.add(belowUpper, aboveLower), tf.log(tf.neg(tf.expm1(tf.neg(inverse)))));
    const isFirst = tf.equal(target, 0);
    const isLast = tf.equal(target, shape.levels - 1);
    const logP = tf.where(isFirst, belowUpper, tf.where(isLast, aboveLower, inner));
    return tf.neg(tf.logSumExp(tf.add(tf.logSoftmax(weights), logP), 1));
  });
}

/** tf.logSigmoid reads its input in the gradient without having saved it, so that tf.tidy may have disposed of it. */
function logSigmoid(x: Tensor): Tensor {
  return tf.neg(tf.softplus(tf.neg(x)));
}

/** `forward` as an operation on the tape, differentiable in x; `gradient` is given dNats and the tensors as saved. */
function differentiable(
  x: Tensor2D,
  given: Tensor1D[],
  forward: () => Tensor1D,
  gradient: (dNats: Tensor, saved: Tensor[]) => Tensor2D,
): Tensor1D {
  const operation = tf.customGrad((...args) => {
    const save = args[1] as unknown as (tensors: Tensor[]) => void;
    save([x, ...given]);
    return { value: forward(), gradFunc: (dNats: Tensor, saved: unknown) => gradient(dNats, saved as Tensor[]) };
  });
  return operation(x);
}
