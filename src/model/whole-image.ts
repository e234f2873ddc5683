import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { BackwardPass, getOpRule, type Op, type SlotTensors } from './ops/index.js';
import type { Program } from './program.js';
import type { Slot } from './groups.js';

/** Settings for running a program over whole images. */
export interface WholeImageSettings {
  /** Features of earlier pixels, [batch, height, width, features]; null or absent if the program reads none. */
  earlierFeatures?: Tensor4D | null;
  /** True if gradients propagate to the feature map, as they do if its conditioning is trained. Default: true. */
  mapGradients?: boolean;
  /** True if gradients propagate to the image and features of earlier pixels, for learned anchors. Default: false. */
  inputGradients?: boolean;
}

/** Input tensor of a program, with its slot. */
interface Given {
  slot: Slot;
  tensor: Tensor4D;
  /** True if gradients propagate to the tensor. */
  learned: boolean;
}

/**
 * Runs a program over whole images as one operation on the gradient tape. The backward pass runs the ops in reverse
 * order, and sums the gradients of a slot over the ops that read the slot. Differentiable in the parameters and, if the
 * settings say so, in the map, the image and the features of earlier pixels. The caller disposes the result.
 * @param parameters tensors in the order of `program.parameters`
 * @param image [batch, height, width, image features]
 * @param map feature map, [batch, height, width, map features]; null if the program reads none
 * @returns the values of `program.out`, [batch, height, width, features]
 */
export function runWholeImage(
  program: Program,
  parameters: readonly Tensor[],
  image: Tensor4D,
  map: Tensor4D | null,
  { earlierFeatures = null, mapGradients = true, inputGradients = false }: WholeImageSettings = {},
): Tensor4D {
  const given = [
    { slot: program.map, tensor: map, learned: mapGradients },
    { slot: program.image, tensor: image, learned: inputGradients },
    { slot: program.earlierFeatures, tensor: earlierFeatures, learned: inputGradients },
  ].filter((one): one is Given => one.slot !== null && one.tensor !== null);
  const learned = given.filter((one) => one.learned);
  const still = given.filter((one) => !one.learned).map(({ slot }) => slot);
  const operation = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const weights = (args as Tensor[]).slice(0, parameters.length);
    const values: SlotTensors = new Map(given.map(({ slot, tensor }) => [slot.id, tensor]));
    forward(program, weights, values, tf.engine().state.gradientDepth > 0);

    const value = values.get(program.out.id)!;
    const kept = [...values].filter(([id]) => id !== program.out.id);
    save([...weights, ...kept.map(([, tensor]) => tensor)]);
    const gradFunc = (dy: Tensor4D, saved: Tensor[]) => {
      const tensors = saved.slice(parameters.length) as Tensor4D[];
      const keptValues: SlotTensors = new Map(kept.map(([id], index) => [id, tensors[index]]));
      const pass = new BackwardPass(saved.slice(0, parameters.length), keptValues, dy, program.out, still);
      for (const op of program.ops.toReversed()) {
        getOpRule(op).backward(op, pass);
        pass.finish(op.out);
      }
      return [...pass.parameterGradients, ...learned.map(({ slot }) => pass.gradient(slot)!)];
    };
    return { value, gradFunc };
  });
  return operation(...parameters, ...learned.map(({ tensor }) => tensor));
}

/**
 * Returns, for each op of a forward pass, the ids of the slots whose tensors can be disposed after the op: no later op
 * and no caller reads them.
 * @param gradients true to keep the slots that the backward pass reads
 */
export function lastReads({ ops, image, map, earlierFeatures, out }: Program, gradients: boolean): Map<Op, number[]> {
  const kept = ops.flatMap((op) => (gradients ? getOpRule(op).kept(op) : []));
  const given = [map, earlierFeatures].filter((slot) => slot !== null);
  const staying = new Set([image, ...given, out, ...kept].map(({ id }) => id));
  const lastReader = new Map<number, Op>();
  for (const op of ops)
    for (const { id } of [...getOpRule(op).kept(op), ...getOpRule(op).passing(op)]) lastReader.set(id, op);
  const last = new Map(ops.map((op) => [op, [] as number[]]));
  for (const [id, op] of lastReader) if (!staying.has(id)) last.get(op)!.push(id);
  return last;
}

/** Runs the ops in order; `values` then holds the inputs, the output and, if `gradients`, the values kept for them. */
function forward(program: Program, parameters: readonly Tensor[], values: SlotTensors, gradients: boolean): void {
  const last = lastReads(program, gradients);
  for (const op of program.ops) {
    getOpRule(op).forward(op, parameters, values);
    for (const id of last.get(op)!) {
      values.get(id)!.dispose();
      values.delete(id);
    }
  }
}
