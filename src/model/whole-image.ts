import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convolution, convolutionFilterGradient, convolutionInputGradient } from '../backend/convolution.js';
import type { ConvOp, Program } from './program.js';

/** Values, or gradients, by slot id. */
type SlotTensors = Map<number, Tensor4D>;

/**
 * The first executor: runs a program over whole images at once. Differentiable in the parameters and in the map, not in
 * the image.
 *
 * The whole program is one operation on the tape: its backward pass walks the ops in reverse, so that gradients of
 * slots read more than once are summed inside the convolutions' own gradients.
 *
 * @param parameters in the order of `program.parameters`
 * @param image [batch, height, width, image features]
 * @param map [batch, height, width, map features], or null where the program has none
 * @returns the program's `out`, [batch, height, width, features]
 */
export function runWholeImage(
  program: Program,
  parameters: readonly Tensor[],
  image: Tensor4D,
  map: Tensor4D | null,
): Tensor4D {
  const inputs = map === null ? [...parameters] : [...parameters, map];
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const weights = (args as Tensor[]).slice(0, parameters.length);
    const values: SlotTensors = new Map([[program.image.id, image]]);
    if (program.map !== null) values.set(program.map.id, args[parameters.length] as Tensor4D);
    forward(program, weights, values);

    const value = values.get(program.out.id)!;
    const kept = [...values].filter(([id]) => id !== program.out.id);
    save([...weights, ...kept.map(([, tensor]) => tensor)]);
    const gradFunc = (dy: Tensor4D, saved: Tensor[]) => {
      const savedValues: SlotTensors = new Map(
        kept.map(([id], index) => [id, saved[parameters.length + index] as Tensor4D]),
      );
      return backward(program, saved.slice(0, parameters.length), savedValues, dy);
    };
    return { value, gradFunc: gradFunc };
  });
  return operation(...inputs);
}

/**
 * Runs the ops that need nothing of the image: what a sampler computes before it draws the first pixel.
 *
 * @returns the `given` slots by id; the caller disposes of them
 */
export function runGiven(program: Program, parameters: readonly Tensor[], map: Tensor4D): Map<number, Tensor4D> {
  const values: SlotTensors = new Map();
  if (program.map === null) return values;
  values.set(program.map.id, map);
  for (const op of program.ops) if (op.out.ready === 'given') values.set(op.out.id, run(op, parameters, values));
  values.delete(program.map.id);
  return values;
}

function run(op: ConvOp, weights: readonly Tensor[], values: SlotTensors): Tensor4D {
  return convolution(values.get(op.x.id)!, weights[op.weights] as Tensor4D, op.shape, {
    bias: weights[op.bias] as Tensor1D,
    plus: op.plus === null ? undefined : values.get(op.plus.id),
    relu: op.relu,
  });
}

/** Runs the ops in order; afterwards `values` holds the slots that the backward pass reads, and the output. */
function forward(program: Program, weights: readonly Tensor[], values: SlotTensors): void {
  const needed = new Set([program.out.id, program.image.id, ...program.ops.map((op) => op.x.id)]);
  for (const op of program.ops) {
    values.set(op.out.id, run(op, weights, values));
    if (op.plus !== null && !needed.has(op.plus.id)) {
      values.get(op.plus.id)!.dispose();
      values.delete(op.plus.id);
    }
  }
}

/**
 * Gradients of the parameters, then of the map, given that of the output. For out = conv(r(x)) + bias + plus:
 * d plus = d out; d bias = sum of d out; d weights = r(x) correlated with d out; d x = r'(x) times d out convolved with
 * the weights mirrored.
 */
function backward(program: Program, weights: readonly Tensor[], values: SlotTensors, dOut: Tensor4D): Tensor[] {
  const gradients: SlotTensors = new Map([[program.out.id, dOut]]);
  const parameterGradients: Tensor[] = new Array<Tensor>(program.parameters.length);
  for (const op of [...program.ops].reverse()) {
    const dy = gradients.get(op.out.id)!;
    gradients.delete(op.out.id);
    const filter = convolutionFilterGradient(values.get(op.x.id)!, dy, op.shape, { relu: op.relu });
    parameterGradients[op.weights] = filter.weights;
    parameterGradients[op.bias] = filter.bias;
    if (op.plus !== null) addGradient(gradients, op.plus.id, dy);
    if (op.x.id !== program.image.id) passOn(op, dy, weights, values, gradients);
    if (dy !== dOut && ![...gradients.values()].includes(dy)) dy.dispose();
  }
  const map = program.map === null ? [] : [gradients.get(program.map.id)!];
  return [...parameterGradients, ...map];
}

/** Adds the gradient that flows through the convolution to its input's. */
function passOn(
  op: ConvOp,
  dy: Tensor4D,
  weights: readonly Tensor[],
  values: SlotTensors,
  gradients: SlotTensors,
): void {
  const before = gradients.get(op.x.id);
  const after = convolutionInputGradient(dy, weights[op.weights] as Tensor4D, op.shape, {
    reluInput: op.relu ? values.get(op.x.id) : undefined,
    plus: before,
  });
  gradients.set(op.x.id, after);
  if (before !== undefined && before !== dy && ![...gradients.values()].includes(before)) before.dispose();
}

function addGradient(gradients: SlotTensors, id: number, dy: Tensor4D): void {
  const before = gradients.get(id);
  gradients.set(id, before === undefined ? dy : tf.add(before, dy));
}
