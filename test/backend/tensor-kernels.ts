import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { addMoved } from '../../src/backend/add-moved.js';
import { blockMatching } from '../../src/backend/block-matching.js';
import { localRegression } from '../../src/backend/local-regression.js';
import { templateMatching } from '../../src/backend/template-matching.js';
import { convolution, convolutionFilterGradient, convolutionInputGradient } from '../../src/backend/convolution.js';
import type { ConvolutionShape } from '../../src/backend/convolution-shape.js';
import { mixtureArrays, type Kernels, type WarpShape } from '../../src/backend/kernels.js';
import { lstm, lstmGradient } from '../../src/backend/lstm.js';
import { logisticMixture, sigmoidCrossEntropy, softmaxCrossEntropy } from '../../src/backend/losses.js';
import { adam, rmsProp } from '../../src/backend/updates.js';
import { stateToState } from '../../src/backend/walk-shape.js';
import { warpedMixture } from '../../src/backend/warp.js';

type Shape4D = [number, number, number, number];

const inputOf = (s: ConvolutionShape, batch: number): Shape4D => [batch, s.inHeight, s.inWidth, s.inFeatures];
const outputOf = (s: ConvolutionShape, batch: number): Shape4D => [batch, s.outHeight, s.outWidth, s.outFeatures];
const weightsOf = (s: ConvolutionShape): Shape4D => [s.kernel.height, s.kernel.width, s.inFeatures, s.outFeatures];

const framesOf = (s: WarpShape, batch: number): Shape4D => [batch, s.height, s.width, s.frames * s.channels];
const motionOf = (s: WarpShape, batch: number): Shape4D => [batch, s.height, s.width, 3 * s.frames * s.flows];

const tensor4d = (values: Float32Array, shape: Shape4D): Tensor4D => tf.tensor4d(values, shape);
const optional4d = (values: Float32Array | null, shape: Shape4D): Tensor4D | undefined =>
  values ? tensor4d(values, shape) : undefined;

/** Runs `compute` and copies its tensors into the arrays. */
function into(outputs: (Float32Array | null)[], compute: () => Tensor[]): void {
  tf.tidy(() => compute().forEach((tensor, i) => outputs[i]?.set(tensor.dataSync())));
}

/**
 * The operations on tensors under the contract of the kernels, on the tfjs backend in use; where an operation is
 * differentiable its gradient is the tape's.
 */
export const tensorKernels: Omit<Kernels, 'instructionSet'> = {
  convolution(shape, batch, x, weights, bias, plus, relu, out) {
    into([out], () => [
      convolution(tensor4d(x, inputOf(shape, batch)), tensor4d(weights, weightsOf(shape)), shape, {
        bias: bias ? tf.tensor1d(bias) : undefined,
        plus: optional4d(plus, outputOf(shape, batch)),
        relu,
      }),
    ]);
  },
  convolutionInputGradient(shape, batch, dy, weights, reluInput, plus, dx) {
    into([dx], () => [
      convolutionInputGradient(tensor4d(dy, outputOf(shape, batch)), tensor4d(weights, weightsOf(shape)), shape, {
        reluInput: optional4d(reluInput, inputOf(shape, batch)),
        plus: optional4d(plus, inputOf(shape, batch)),
      }),
    ]);
  },
  convolutionFilterGradient(shape, batch, x, dy, relu, dWeights, dBias) {
    into([dWeights, dBias], () => {
      const [input, output] = [tensor4d(x, inputOf(shape, batch)), tensor4d(dy, outputOf(shape, batch))];
      const { weights, bias } = convolutionFilterGradient(input, output, shape, { relu });
      return [weights, bias];
    });
  },
  lstm(shape, batch, gates, weights, initial, activations, cells, out) {
    const states = stateToState(shape);
    into([activations, cells, out], () => {
      const given = lstm(
        tensor4d(gates, outputOf(states, batch)),
        tensor4d(weights, weightsOf(states)),
        initial ? tf.tensor2d(initial, [2, states.inFeatures]) : null,
        shape,
      );
      return [given.activations, given.cells, given.out];
    });
  },
  lstmGradient(shape, batch, dOut, weights, initial, activations, cells, out, dGates, dWeights, dInitial) {
    const states = stateToState(shape);
    into([dGates, dWeights, dInitial], () => {
      const [dStates, c, h] = [dOut, cells, out].map((values) => tensor4d(values, inputOf(states, batch)));
      const gradients = lstmGradient(
        dStates,
        tensor4d(weights, weightsOf(states)),
        initial ? tf.tensor2d(initial, [2, states.inFeatures]) : null,
        { activations: tensor4d(activations, outputOf(states, batch)), cells: c, out: h },
        shape,
      );
      return [gradients.gates, gradients.weights, ...(gradients.initial ? [gradients.initial] : [])];
    });
  },
  matMul(a, b, m, n, k, transposeA, transposeB, out) {
    into([out], () => [
      tf.matMul(
        tf.tensor2d(a, transposeA ? [k, m] : [m, k]),
        tf.tensor2d(b, transposeB ? [n, k] : [k, n]),
        transposeA,
        transposeB,
      ),
    ]);
  },
  relu(x, out) {
    into([out], () => [tf.relu(tf.tensor1d(x))]);
  },
  reluGradient(x, dy, dx) {
    into([dx], () => [tf.grad((input) => tf.relu(input))(tf.tensor1d(x), tf.tensor1d(dy))]);
  },
  add(a, b, out) {
    into([out], () => [tf.add(tf.tensor2d(a, [a.length / b.length, b.length]), tf.tensor1d(b))]);
  },
  addMoved(batch, offset, a, b, out) {
    // Rows of one pixel with one feature: an offset is then so many rows.
    const size: Shape4D = [batch, out.length / batch, 1, 1];
    into([out], () => [addMoved(optional4d(a, size) ?? null, tensor4d(b, size), offset)]);
  },
  multiply(a, b, out) {
    into([out], () => [tf.mul(tf.tensor1d(a), tf.tensor1d(b))]);
  },
  sumRows(x, rows, out) {
    into([out], () => [tf.sum(tf.tensor2d(x, [rows, out.length]), 0)]);
  },
  softmaxCrossEntropy(logits, targets, rows, levels, nats) {
    into([nats], () => [softmaxCrossEntropy(tf.tensor2d(logits, [rows, levels]), tf.tensor1d(targets, 'int32'))]);
  },
  softmaxCrossEntropyGradient(logits, targets, dNats, rows, levels, dLogits) {
    into([dLogits], () => {
      const nats = (x: Tensor): Tensor1D => softmaxCrossEntropy(x as Tensor2D, tf.tensor1d(targets, 'int32'));
      return [tf.grad(nats)(tf.tensor2d(logits, [rows, levels]), tf.tensor1d(dNats))];
    });
  },
  sigmoidCrossEntropy(logits, targets, nats) {
    into([nats], () => [sigmoidCrossEntropy(tf.tensor2d(logits, [logits.length, 1]), tf.tensor1d(targets, 'int32'))]);
  },
  sigmoidCrossEntropyGradient(logits, targets, dNats, dLogits) {
    into([dLogits], () => {
      const nats = (x: Tensor): Tensor1D => sigmoidCrossEntropy(x as Tensor2D, tf.tensor1d(targets, 'int32'));
      return [tf.grad(nats)(tf.tensor2d(logits, [logits.length, 1]), tf.tensor1d(dNats))];
    });
  },
  logisticMixture(shape, parameters, targets, anchors, rows, nats) {
    const sizes = mixtureArrays(shape, rows);
    into([nats], () => [
      logisticMixture(
        shape,
        tf.tensor2d(parameters, sizes.parameters),
        tf.tensor2d(targets, sizes.subPixels, 'int32'),
        tf.tensor2d(anchors, sizes.anchors),
      ),
    ]);
  },
  logisticMixtureGradient(shape, parameters, targets, anchors, dNats, rows, dParameters, dAnchors) {
    const sizes = mixtureArrays(shape, rows);
    into([dParameters, dAnchors], () => {
      const nats = (x: Tensor, start: Tensor): Tensor2D =>
        logisticMixture(shape, x as Tensor2D, tf.tensor2d(targets, sizes.subPixels, 'int32'), start as Tensor2D);
      return tf.grads(nats)(
        [tf.tensor2d(parameters, sizes.parameters), tf.tensor2d(anchors, sizes.anchors)],
        tf.tensor2d(dNats, sizes.subPixels),
      );
    });
  },
  warpedMixture(shape, batch, frames, motion, out) {
    into([out], () => [
      warpedMixture(shape, tensor4d(frames, framesOf(shape, batch)), tensor4d(motion, motionOf(shape, batch))),
    ]);
  },
  warpedMixtureGradient(shape, batch, frames, motion, dOut, dMotion) {
    into([dMotion], () => {
      const still = tensor4d(frames, framesOf(shape, batch));
      const moved = (x: Tensor): Tensor4D => warpedMixture(shape, still, x as Tensor4D);
      const size: Shape4D = [batch, shape.height, shape.width, shape.channels];
      return [tf.grad(moved)(tensor4d(motion, motionOf(shape, batch)), tensor4d(dOut, size))];
    });
  },
  warpedMixtureFramesGradient(shape, batch, motion, dOut, dFrames) {
    into([dFrames], () => {
      const given = tensor4d(motion, motionOf(shape, batch));
      const moved = (x: Tensor): Tensor4D => warpedMixture(shape, x as Tensor4D, given);
      const size: Shape4D = [batch, shape.height, shape.width, shape.channels];
      return [tf.grad(moved)(tf.zeros(framesOf(shape, batch)), tensor4d(dOut, size))];
    });
  },
  blockMatching(shape, batch, before, last, out) {
    into([out], () => {
      const size: Shape4D = [batch, shape.height, shape.width, shape.channels];
      return [blockMatching(shape, tensor4d(before, size), tensor4d(last, size))];
    });
  },
  templateMatching(shape, batch, image, references, out) {
    into([out], () => {
      const size: Shape4D = [batch, shape.height, shape.width, shape.channels];
      const pictures: Shape4D = [batch, shape.height, shape.width, shape.references * shape.channels];
      return [templateMatching(shape, tensor4d(image, size), tensor4d(references, pictures))];
    });
  },
  localRegression(shape, batch, image, expected, references, out) {
    into([out], () => {
      const size: Shape4D = [batch, shape.height, shape.width, shape.channels];
      const pictures: Shape4D = [batch, shape.height, shape.width, shape.references * shape.channels];
      const [own, anchor] = [image, expected].map((values) => tensor4d(values, size));
      return [localRegression(shape, own, anchor, tensor4d(references, pictures))];
    });
  },
  adam(settings, w, g, scale, m, v, newW, newM, newV) {
    into([newW, newM, newV], () => {
      const [weights, gradient, first, second] = [w, g, m, v].map((values) => tf.tensor1d(values));
      const updated = adam(settings, { weights, gradient, scale: tf.tensor1d(scale), m: first, v: second });
      return [updated.weights, updated.m, updated.v];
    });
  },
  rmsProp(settings, w, g, scale, v, newW, newV) {
    into([newW, newV], () => {
      const [weights, gradient, second] = [w, g, v].map((values) => tf.tensor1d(values));
      const updated = rmsProp(settings, { weights, gradient, scale: tf.tensor1d(scale), v: second });
      return [updated.weights, updated.v];
    });
  },
};
