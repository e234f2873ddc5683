import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { BackwardPass, getOpRule, type Op, type SlotTensors } from './ops/index.js';
import type { Program } from './program.js';
import type { Slot } from './groups.js';

export interface WholeImageSettings {
  /** What is made of earlier pixels, [batch, height, width, features]; null or absent where the program has none. */
  matched?: Tensor4D | null;
  /** Whether gradients reach the map, where there is one: they do where it is learned. Default: they do. */
  mapGradients?: boolean;
  /** Whether they reach the image and what was matched: where what these are made of is learned. Default: they do not. */
  inputGradients?: boolean;
}

/** What a program is given, and where it reads it. */
interface Given {
  slot: Slot;
  tensor: Tensor4D;
  /** Whether gradients reach it. */
  learned: boolean;
}

/**
 * The first executor: runs a program over whole images at once, as one operation on the tape. Its backward pass runs
 * the ops in reverse, so that gradients of slots read more than once are summed inside the convolutions' own gradients.
 * Differentiable in the parameters, in the order of `program.parameters`, and where asked for in the map, the image and
 * what was matched.
 * @param image [batch, height, width, image features]
 * @param map [batch, height, width, map features], or null where the program has none
 * @returns the program's `out`, [batch, height, width, features]
 */
export function runWholeImage(
  program: Program,
  parameters: readonly Tensor[],
  image: Tensor4D,
  map: Tensor4D | null,
  { matched = null, mapGradients = true, inputGradients = false }: WholeImageSettings = {},
): Tensor4D {
  const given = [
    { slot: program.map, tensor: map, learned: mapGradients },
    { slot: program.image, tensor: image, learned: inputGradients },
    { slot: program.matched, tensor: matched, learned: inputGradients },
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

/** For each op the slots that nobody reads after it: neither the caller nor, for gradients, the backward pass. */
export function lastReads({ ops, image, map, matched, out }: Program, gradients: boolean): Map<Op, number[]> {
  const kept = ops.flatMap((op) => (gradients ? getOpRule(op).kept(op) : []));
  const given = [map, matched].filter((slot) => slot !== null);
  const staying = new Set([image, ...given, out, ...kept].map(({ id }) => id));
  const lastReader = new Map<number, Op>();
  for (const op of ops)
    for (const { id } of [...getOpRule(op).kept(op), ...getOpRule(op).passing(op)]) lastReader.set(id, op);
  const last = new Map(ops.map((op) => [op, [] as number[]]));
  for (const [id, op] of lastReader) if (!staying.has(id)) last.get(op)!.push(id);
  return last;
}

/** Runs the ops in order; afterwards `values` holds the output, what was given, and what `gradients` need. */
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
