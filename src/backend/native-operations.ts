import type { ConvolutionShape } from './convolution-shape.js';
import {
  MATCHED_FEATURES,
  type AdamSettings,
  type BlockMatchingShape,
  type MixtureShape,
  type RmsPropSettings,
  type WarpShape,
} from './kernels.js';
import { localRegressionFeatures, type LocalRegressionShape } from './local-regression-shape.js';
import { templateFeatures, type TemplateMatchingShape } from './template-shape.js';
import type { NativeKernel } from './native-backend.js';
import type { Operation } from './operation.js';
import { hiddenFeatures, type WalkShape } from './walk-shape.js';

/** The kernels of our own operations on the native backend. Attributes are what `runKernel` was given. */
export const nativeOperations: Record<Operation, NativeKernel> = {
  'pxv.convolution'(backend, { x, weights, bias, plus }, attributes) {
    const { shape, relu } = attributes as unknown as { shape: ConvolutionShape; relu: boolean };
    const { info, values } = backend.allocate([x.shape[0], shape.outHeight, shape.outWidth, shape.outFeatures]);
    backend.kernels.convolution(
      shape,
      x.shape[0],
      backend.floats(x),
      backend.floats(weights),
      bias ? backend.floats(bias) : null,
      plus ? backend.floats(plus) : null,
      relu,
      values,
    );
    return info;
  },

  'pxv.convolutionInputGradient'(backend, { dy, weights, reluInput, plus }, attributes) {
    const { shape } = attributes as unknown as { shape: ConvolutionShape };
    const { info, values } = backend.allocate([dy.shape[0], shape.inHeight, shape.inWidth, shape.inFeatures]);
    backend.kernels.convolutionInputGradient(
      shape,
      dy.shape[0],
      backend.floats(dy),
      backend.floats(weights),
      reluInput ? backend.floats(reluInput) : null,
      plus ? backend.floats(plus) : null,
      values,
    );
    return info;
  },

  'pxv.convolutionFilterGradient'(backend, { x, dy }, attributes) {
    const { shape, relu } = attributes as unknown as { shape: ConvolutionShape; relu: boolean };
    const weights = backend.allocate([shape.kernel.height, shape.kernel.width, shape.inFeatures, shape.outFeatures]);
    const bias = backend.allocate([shape.outFeatures]);
    backend.kernels.convolutionFilterGradient(
      shape,
      x.shape[0],
      backend.floats(x),
      backend.floats(dy),
      relu,
      weights.values,
      bias.values,
    );
    return [weights.info, bias.info];
  },

  'pxv.lstm'(backend, { gates, weights, initial }, attributes) {
    const { shape } = attributes as unknown as { shape: WalkShape };
    const states = [...gates.shape.slice(0, 3), hiddenFeatures(shape)];
    const [activations, cells, out] = [gates.shape, states, states].map((size) => backend.allocate(size));
    backend.kernels.lstm(
      shape,
      gates.shape[0],
      backend.floats(gates),
      backend.floats(weights),
      initial ? backend.floats(initial) : null,
      activations.values,
      cells.values,
      out.values,
    );
    return [out.info, activations.info, cells.info];
  },

  'pxv.lstmGradient'(backend, { dOut, weights, initial, activations, cells, out }, attributes) {
    const { shape } = attributes as unknown as { shape: WalkShape };
    const dGates = backend.allocate(activations.shape);
    const dWeights = backend.allocate(weights.shape);
    const dInitial = initial ? backend.allocate(initial.shape) : null;
    backend.kernels.lstmGradient(
      shape,
      dOut.shape[0],
      backend.floats(dOut),
      backend.floats(weights),
      initial ? backend.floats(initial) : null,
      backend.floats(activations),
      backend.floats(cells),
      backend.floats(out),
      dGates.values,
      dWeights.values,
      dInitial ? dInitial.values : null,
    );
    return [dGates.info, dWeights.info, ...(dInitial ? [dInitial.info] : [])];
  },

  'pxv.addMoved'(backend, { a, b }, attributes) {
    const { rows } = attributes as unknown as { rows: number };
    const [batch, , width, features] = b.shape;
    const { info, values } = backend.allocate(b.shape);
    const offset = rows * width * features;
    backend.kernels.addMoved(batch, offset, a ? backend.floats(a) : null, backend.floats(b), values);
    return info;
  },

  'pxv.reluGradient'(backend, { x, dy }) {
    const { info, values } = backend.allocate(x.shape);
    backend.kernels.reluGradient(backend.floats(x), backend.floats(dy), values);
    return info;
  },

  'pxv.softmaxCrossEntropy'(backend, { logits, targets }) {
    const [rows, levels] = logits.shape;
    const { info, values } = backend.allocate([rows]);
    backend.kernels.softmaxCrossEntropy(backend.floats(logits), backend.ints(targets), rows, levels, values);
    return info;
  },

  'pxv.softmaxCrossEntropyGradient'(backend, { logits, targets, dNats }) {
    const [rows, levels] = logits.shape;
    const { info, values } = backend.allocate([rows, levels]);
    backend.kernels.softmaxCrossEntropyGradient(
      backend.floats(logits),
      backend.ints(targets),
      backend.floats(dNats),
      rows,
      levels,
      values,
    );
    return info;
  },

  'pxv.sigmoidCrossEntropy'(backend, { logits, targets }) {
    const { info, values } = backend.allocate(targets.shape);
    backend.kernels.sigmoidCrossEntropy(backend.floats(logits), backend.ints(targets), values);
    return info;
  },

  'pxv.sigmoidCrossEntropyGradient'(backend, { logits, targets, dNats }) {
    const { info, values } = backend.allocate(logits.shape);
    backend.kernels.sigmoidCrossEntropyGradient(
      backend.floats(logits),
      backend.ints(targets),
      backend.floats(dNats),
      values,
    );
    return info;
  },

  'pxv.logisticMixture'(backend, { parameters, targets, anchors }, attributes) {
    const { shape } = attributes as unknown as { shape: MixtureShape };
    const { info, values } = backend.allocate(targets.shape);
    backend.kernels.logisticMixture(
      shape,
      backend.floats(parameters),
      backend.ints(targets),
      backend.floats(anchors),
      parameters.shape[0],
      values,
    );
    return info;
  },

  'pxv.logisticMixtureGradient'(backend, { parameters, targets, anchors, dNats }, attributes) {
    const { shape } = attributes as unknown as { shape: MixtureShape };
    const [dParameters, dAnchors] = [parameters, anchors].map((given) => backend.allocate(given.shape));
    backend.kernels.logisticMixtureGradient(
      shape,
      backend.floats(parameters),
      backend.ints(targets),
      backend.floats(anchors),
      backend.floats(dNats),
      parameters.shape[0],
      dParameters.values,
      dAnchors.values,
    );
    return [dParameters.info, dAnchors.info];
  },

  'pxv.warpedMixture'(backend, { frames, motion }, attributes) {
    const { shape } = attributes as unknown as { shape: WarpShape };
    const [batch, height, width] = motion.shape;
    const { info, values } = backend.allocate([batch, height, width, shape.channels]);
    backend.kernels.warpedMixture(shape, batch, backend.floats(frames), backend.floats(motion), values);
    return info;
  },

  'pxv.warpedMixtureGradient'(backend, { frames, motion, dOut }, attributes) {
    const { shape } = attributes as unknown as { shape: WarpShape };
    const { info, values } = backend.allocate(motion.shape);
    backend.kernels.warpedMixtureGradient(
      shape,
      motion.shape[0],
      backend.floats(frames),
      backend.floats(motion),
      backend.floats(dOut),
      values,
    );
    return info;
  },

  'pxv.warpedMixtureFramesGradient'(backend, { motion, dOut }, attributes) {
    const { shape } = attributes as unknown as { shape: WarpShape };
    const [batch, height, width] = motion.shape;
    const { info, values } = backend.allocate([batch, height, width, shape.frames * shape.channels]);
    backend.kernels.warpedMixtureFramesGradient(shape, batch, backend.floats(motion), backend.floats(dOut), values);
    return info;
  },

  'pxv.blockMatching'(backend, { before, last }, attributes) {
    const { shape } = attributes as unknown as { shape: BlockMatchingShape };
    const [batch, height, width] = last.shape;
    const { info, values } = backend.allocate([batch, height, width, MATCHED_FEATURES]);
    backend.kernels.blockMatching(shape, batch, backend.floats(before), backend.floats(last), values);
    return info;
  },

  'pxv.templateMatching'(backend, { image, references }, attributes) {
    const { shape } = attributes as unknown as { shape: TemplateMatchingShape };
    const [batch, height, width] = image.shape;
    const { info, values } = backend.allocate([batch, height, width, shape.references * templateFeatures(shape)]);
    backend.kernels.templateMatching(shape, batch, backend.floats(image), backend.floats(references), values);
    return info;
  },

  'pxv.localRegression'(backend, { image, expected, references }, attributes) {
    const { shape } = attributes as unknown as { shape: LocalRegressionShape };
    const [batch, height, width] = image.shape;
    const { info, values } = backend.allocate([batch, height, width, localRegressionFeatures(shape)]);
    const [own, anchor, before] = [image, expected, references].map((tensor) => backend.floats(tensor));
    backend.kernels.localRegression(shape, batch, own, anchor, before, values);
    return info;
  },

  'pxv.adam'(backend, { weights, gradient, scale, m, v }, attributes) {
    const { settings } = attributes as unknown as { settings: AdamSettings };
    const updated = [weights, m, v].map(({ shape }) => backend.allocate(shape));
    backend.kernels.adam(
      settings,
      backend.floats(weights),
      backend.floats(gradient),
      backend.floats(scale),
      backend.floats(m),
      backend.floats(v),
      updated[0].values,
      updated[1].values,
      updated[2].values,
    );
    return updated.map(({ info }) => info);
  },

  'pxv.rmsProp'(backend, { weights, gradient, scale, v }, attributes) {
    const { settings } = attributes as unknown as { settings: RmsPropSettings };
    const updated = [weights, v].map(({ shape }) => backend.allocate(shape));
    backend.kernels.rmsProp(
      settings,
      backend.floats(weights),
      backend.floats(gradient),
      backend.floats(scale),
      backend.floats(v),
      updated[0].values,
      updated[1].values,
    );
    return updated.map(({ info }) => info);
  },

  /** In JavaScript: gradients are few beside the work that made them, and a sum in float64 costs no more. */
  'pxv.globalNorm'(backend, tensors) {
    let squares = 0;
    for (const tensor of Object.values(tensors)) {
      const values = backend.floats(tensor);
      for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
    }
    const { info, values } = backend.allocate([]);
    values[0] = Math.sqrt(squares);
    return info;
  },
};
