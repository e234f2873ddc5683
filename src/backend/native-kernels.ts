import { inputShape, outputShape, weightShape } from './convolution-shape.js';
import { COST_OF_DISTANCE, COST_OF_MOTION, MATCHED_FEATURES, type InstructionSet, type Kernels } from './kernels.js';
import { localRegressionFeatures, localRegressionNumbers, regressors } from './local-regression-shape.js';
import { MOST_TEMPLATE_MARGIN, MOST_TEMPLATE_REACH, templateFeatures, templateNumbers } from './template-shape.js';
import { Check } from './native-checks.js';
import { stateToState, type WalkShape } from './walk-shape.js';

type Argument = number | boolean | Float32Array | Int32Array | null;

/** The functions of one instruction set, as native/addon.cc exports them: no checks, no return values. */
export type NativeFunctions = Record<
  Exclude<keyof Kernels, 'instructionSet'> | 'multiplyAdds',
  (...values: Argument[]) => void
>;

/** Kernels that refuse, with a USAGE error, every call whose arrays do not fit its shapes: C++ checks nothing. */
export function nativeKernels(instructionSet: InstructionSet, native: NativeFunctions): Kernels {
  return {
    instructionSet,

    convolution(shape, batch, x, weights, bias, plus, relu, out) {
      const check = new Check('convolution');
      const geometry = check.geometry(shape);
      check.count('batch', batch);
      check.floats('x', x, inputShape(shape, batch));
      check.floats('weights', weights, weightShape(shape));
      if (bias) check.floats('bias', bias, [shape.outFeatures]);
      if (plus) check.floats('plus', plus, outputShape(shape, batch));
      check.floats('out', out, outputShape(shape, batch));
      native.convolution(geometry, batch, x, weights, bias, plus, relu, out);
    },

    convolutionInputGradient(shape, batch, dy, weights, reluInput, plus, dx) {
      const check = new Check('convolutionInputGradient');
      const geometry = check.geometry(shape);
      check.count('batch', batch);
      check.floats('dy', dy, outputShape(shape, batch));
      check.floats('weights', weights, weightShape(shape));
      if (reluInput) check.floats('reluInput', reluInput, inputShape(shape, batch));
      if (plus) check.floats('plus', plus, inputShape(shape, batch));
      check.floats('dx', dx, inputShape(shape, batch));
      native.convolutionInputGradient(geometry, batch, dy, weights, reluInput, plus, dx);
    },

    convolutionFilterGradient(shape, batch, x, dy, relu, dWeights, dBias) {
      const check = new Check('convolutionFilterGradient');
      const geometry = check.geometry(shape);
      check.count('batch', batch);
      check.floats('x', x, inputShape(shape, batch));
      check.floats('dy', dy, outputShape(shape, batch));
      check.floats('dWeights', dWeights, weightShape(shape));
      if (dBias) check.floats('dBias', dBias, [shape.outFeatures]);
      native.convolutionFilterGradient(geometry, batch, x, dy, relu, dWeights, dBias);
    },

    lstm(shape, batch, gates, weights, initial, activations, cells, out) {
      const check = new Check('lstm');
      const geometry = check.walk(shape);
      const sizes = walkArrays(shape, batch);
      check.count('batch', batch);
      check.floats('gates', gates, sizes.gates);
      check.floats('weights', weights, sizes.weights);
      if (initial) check.floats('initial', initial, sizes.initial);
      check.floats('activations', activations, sizes.gates);
      check.floats('cells', cells, sizes.states);
      check.floats('out', out, sizes.states);
      native.lstm(geometry, batch, gates, weights, initial, activations, cells, out);
    },

    lstmGradient(shape, batch, dOut, weights, initial, activations, cells, out, dGates, dWeights, dInitial) {
      const check = new Check('lstmGradient');
      const geometry = check.walk(shape);
      const sizes = walkArrays(shape, batch);
      check.count('batch', batch);
      for (const [name, array] of Object.entries({ dOut, cells, out })) check.floats(name, array, sizes.states);
      for (const [name, array] of Object.entries({ activations, dGates })) check.floats(name, array, sizes.gates);
      for (const [name, array] of Object.entries({ weights, dWeights })) check.floats(name, array, sizes.weights);
      if (initial) check.floats('initial', initial, sizes.initial);
      if (!initial !== !dInitial)
        check.refuse('dInitial', initial ? 'an array, as initial' : 'null, as initial', initial ? 'null' : 'an array');
      if (dInitial) check.floats('dInitial', dInitial, sizes.initial);
      native.lstmGradient(geometry, batch, dOut, weights, initial, activations, cells, out, dGates, dWeights, dInitial);
    },

    matMul(a, b, m, n, k, transposeA, transposeB, out) {
      const check = new Check('matMul');
      check.count('m', m);
      check.count('n', n);
      check.count('k', k);
      check.floats('a', a, transposeA ? [k, m] : [m, k]);
      check.floats('b', b, transposeB ? [n, k] : [k, n]);
      check.floats('out', out, [m, n]);
      native.matMul(a, b, m, n, k, transposeA, transposeB, out);
    },

    relu(x, out) {
      new Check('relu').floats('out', out, [x.length]);
      native.relu(x, out);
    },

    reluGradient(x, dy, dx) {
      const check = new Check('reluGradient');
      check.floats('dy', dy, [x.length]);
      check.floats('dx', dx, [x.length]);
      native.reluGradient(x, dy, dx);
    },

    add(a, b, out) {
      const check = new Check('add');
      check.floats('out', out, [a.length]);
      if (a.length % b.length !== 0 && a.length !== 0)
        check.refuse('b', `a number of values that divides ${a.length}`, `${b.length}`);
      native.add(a, b, out);
    },

    addMoved(batch, offset, a, b, out) {
      const check = new Check('addMoved');
      check.count('batch', batch, 1);
      check.count('offset', offset, -out.length, out.length);
      if (out.length % batch !== 0) check.refuse('out', `a multiple of ${batch} values`, `${out.length}`);
      if (a) check.floats('a', a, [out.length]);
      check.floats('b', b, [out.length]);
      native.addMoved(batch, offset, a, b, out);
    },

    multiply(a, b, out) {
      const check = new Check('multiply');
      check.floats('b', b, [a.length]);
      check.floats('out', out, [a.length]);
      native.multiply(a, b, out);
    },

    sumRows(x, rows, out) {
      const check = new Check('sumRows');
      check.count('rows', rows);
      check.floats('x', x, [rows, out.length]);
      native.sumRows(x, rows, out);
    },

    softmaxCrossEntropy(logits, targets, rows, levels, nats) {
      const check = new Check('softmaxCrossEntropy');
      check.count('rows', rows);
      check.floats('logits', logits, [rows, levels]);
      check.targets(targets, [rows], levels);
      check.floats('nats', nats, [rows]);
      native.softmaxCrossEntropy(logits, targets, rows, levels, nats);
    },

    softmaxCrossEntropyGradient(logits, targets, dNats, rows, levels, dLogits) {
      const check = new Check('softmaxCrossEntropyGradient');
      check.count('rows', rows);
      check.floats('logits', logits, [rows, levels]);
      check.targets(targets, [rows], levels);
      check.floats('dNats', dNats, [rows]);
      check.floats('dLogits', dLogits, [rows, levels]);
      native.softmaxCrossEntropyGradient(logits, targets, dNats, rows, levels, dLogits);
    },

    sigmoidCrossEntropy(logits, targets, nats) {
      const check = new Check('sigmoidCrossEntropy');
      check.targets(targets, [logits.length], 2);
      check.floats('nats', nats, [logits.length]);
      native.sigmoidCrossEntropy(logits, targets, nats);
    },

    sigmoidCrossEntropyGradient(logits, targets, dNats, dLogits) {
      const check = new Check('sigmoidCrossEntropyGradient');
      check.targets(targets, [logits.length], 2);
      check.floats('dNats', dNats, [logits.length]);
      check.floats('dLogits', dLogits, [logits.length]);
      native.sigmoidCrossEntropyGradient(logits, targets, dNats, dLogits);
    },

    logisticMixture(shape, parameters, targets, anchors, rows, nats) {
      const check = new Check('logisticMixture');
      const { numbers, sizes } = check.mixture(shape, parameters, targets, anchors, rows);
      check.floats('nats', nats, sizes.subPixels);
      native.logisticMixture(...numbers, parameters, targets, anchors, rows, nats);
    },

    logisticMixtureGradient(shape, parameters, targets, anchors, dNats, rows, dParameters, dAnchors) {
      const check = new Check('logisticMixtureGradient');
      const { numbers, sizes } = check.mixture(shape, parameters, targets, anchors, rows);
      check.floats('dNats', dNats, sizes.subPixels);
      check.floats('dParameters', dParameters, sizes.parameters);
      check.floats('dAnchors', dAnchors, sizes.anchors);
      native.logisticMixtureGradient(...numbers, parameters, targets, anchors, dNats, rows, dParameters, dAnchors);
    },

    warpedMixture(shape, batch, frames, motion, out) {
      const check = new Check('warpedMixture');
      const { numbers, outShape } = check.warp(shape, batch, { frames }, motion);
      check.floats('out', out, outShape);
      native.warpedMixture(...numbers, batch, frames, motion, out);
    },

    warpedMixtureGradient(shape, batch, frames, motion, dOut, dMotion) {
      const check = new Check('warpedMixtureGradient');
      const { numbers, outShape } = check.warp(shape, batch, { frames }, motion);
      check.floats('dOut', dOut, outShape);
      check.floats('dMotion', dMotion, [motion.length]);
      native.warpedMixtureGradient(...numbers, batch, frames, motion, dOut, dMotion);
    },

    warpedMixtureFramesGradient(shape, batch, motion, dOut, dFrames) {
      const check = new Check('warpedMixtureFramesGradient');
      const { numbers, outShape } = check.warp(shape, batch, { dFrames }, motion);
      check.floats('dOut', dOut, outShape);
      native.warpedMixtureFramesGradient(...numbers, batch, motion, dOut, dFrames);
    },

    blockMatching(shape, batch, before, last, out) {
      const check = new Check('blockMatching');
      const { height, width, channels, reach, margin } = shape;
      for (const [name, size] of Object.entries({ height, width, channels })) check.count(`shape.${name}`, size, 1);
      for (const [name, size] of Object.entries({ reach, margin })) check.count(`shape.${name}`, size);
      check.count('batch', batch);
      // Within an image, places are counted in 32 bits.
      check.count('values of one image', height * width * Math.max(channels, MATCHED_FEATURES));
      for (const [name, array] of Object.entries({ before, last }))
        check.floats(name, array, [batch, height, width, channels]);
      check.floats('out', out, [batch, height, width, MATCHED_FEATURES]);
      const costs = [COST_OF_MOTION, COST_OF_DISTANCE];
      native.blockMatching(height, width, channels, reach, margin, ...costs, batch, before, last, out);
    },

    templateMatching(shape, batch, image, references, out) {
      const check = new Check('templateMatching');
      const { height, width, channels, references: count, reach, margin } = shape;
      for (const [name, size] of Object.entries({ height, width, references: count }))
        check.count(`shape.${name}`, size, 1);
      check.count('shape.channels', channels, 1, 3);
      check.count('shape.reach', reach, 0, MOST_TEMPLATE_REACH);
      check.count('shape.margin', margin, 1, MOST_TEMPLATE_MARGIN);
      check.count('shape.costs.distance', shape.costs.distance, 0, 255);
      check.count('shape.costs.small', shape.costs.small, 4);
      check.count('shape.costs.usual', shape.costs.usual, 1);
      check.count('batch', batch);
      // Within an image, places are counted in 32 bits.
      check.count('values of one image', height * width * count * templateFeatures(shape));
      check.floats('image', image, [batch, height, width, channels]);
      check.floats('references', references, [batch, height, width, count * channels]);
      check.floats('out', out, [batch, height, width, count * templateFeatures(shape)]);
      native.templateMatching(...templateNumbers(shape), batch, image, references, out);
    },

    localRegression(shape, batch, image, expected, references, out) {
      const check = new Check('localRegression');
      const { height, width, channels, references: count } = shape;
      for (const [name, size] of Object.entries({ height, width, references: count }))
        check.count(`shape.${name}`, size, 1);
      check.count('shape.channels', channels, 1, 3);
      check.count('shape.highest', shape.highest, 1);
      check.count('batch', batch);
      // Within a row, moments are counted in 32 bits.
      check.count('moments of one row', width * (regressors(shape) + channels + 1) ** 2);
      for (const [name, array] of Object.entries({ image, expected }))
        check.floats(name, array, [batch, height, width, channels]);
      check.floats('references', references, [batch, height, width, count * channels]);
      check.floats('out', out, [batch, height, width, localRegressionFeatures(shape)]);
      native.localRegression(...localRegressionNumbers(shape), batch, image, expected, references, out);
    },

    adam({ learningRate, beta1, beta2, epsilon, step }, w, g, scale, m, v, newW, newM, newV) {
      const check = new Check('adam');
      check.floats('scale', scale, [1]);
      for (const [name, array] of Object.entries({ g, m, v, newW, newM, newV })) check.floats(name, array, [w.length]);
      native.adam(learningRate, beta1, beta2, epsilon, step, w, g, scale, m, v, newW, newM, newV);
    },

    rmsProp({ learningRate, decay, epsilon }, w, g, scale, v, newW, newV) {
      const check = new Check('rmsProp');
      check.floats('scale', scale, [1]);
      for (const [name, array] of Object.entries({ g, v, newW, newV })) check.floats(name, array, [w.length]);
      native.rmsProp(learningRate, decay, epsilon, w, g, scale, v, newW, newV);
    },
  };
}

/** The loop of src/bench/multiply-adds.ts; it refuses arrays that do not fit, as the kernels do. */
export function nativeMultiplyAdds(native: NativeFunctions) {
  return (rounds: number, x: Float32Array, out: Float32Array): void => {
    const check = new Check('multiplyAdds');
    check.count('rounds', rounds);
    check.floats('out', out, [x.length]);
    native.multiplyAdds(rounds, x, out);
  };
}

/** The shapes of the arrays of `lstm` and its gradient. */
function walkArrays(shape: WalkShape, batch: number) {
  const states = stateToState(shape);
  return {
    gates: outputShape(states, batch),
    states: inputShape(states, batch),
    weights: weightShape(states),
    initial: [2, states.inFeatures],
  };
}
