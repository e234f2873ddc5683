import { tf } from '../../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { multipliesInBf16 } from '../../backend/precision.js';
import type { Slot } from '../groups.js';

/** Values of slots by slot id, [batch, height, width, features] each. */
export type SlotTensors = Map<number, Tensor4D>;

/** Forward and backward pass of one kind of op over whole images. */
export interface OpRule<O> {
  /** Returns the slots whose values the backward pass reads. */
  kept(op: O): readonly Slot[];
  /** Returns the slots that the forward pass reads and the backward pass does not. */
  passing(op: O): readonly Slot[];
  /**
   * Writes the value of the op's output into `values`, whose tensors the caller disposes.
   * @param parameters weights in the order of the program's parameters
   */
  forward(op: O, parameters: readonly Tensor[], values: SlotTensors): void;
  /**
   * Adds the gradients of the op's inputs to `pass`, from the gradient of its output, and sets those of its parameters.
   */
  backward(op: O, pass: BackwardPass): void;
}

/** Returns the shape of an op. @param inBf16 true if products are in bf16; default: as in the precision in use */
export function shapeOf<Shape>(op: { shape: Shape; shapeInBf16: Shape }, inBf16 = multipliesInBf16()): Shape {
  return inBf16 ? op.shapeInBf16 : op.shape;
}

/** Gradients during a backward pass: of slots, each summed over the ops that read the slot, and of parameters. */
export class BackwardPass {
  /** Gradients of the parameters, in order; undefined until an op sets them. */
  readonly parameterGradients: Tensor[];
  private readonly gradients: SlotTensors = new Map();

  /**
   * @param parameters weights in the order of the program's parameters
   * @param values values of the slots in `OpRule.kept` of any op
   * @param out slot of the program's output
   */
  constructor(
    readonly parameters: readonly Tensor[],
    readonly values: SlotTensors,
    /** Gradient of the program's output; owned by the caller. */
    private readonly given: Tensor4D,
    out: Slot,
    /** Slots that need no gradient, such as the feature map of a conditioning that is not trained. */
    readonly still: readonly Slot[],
  ) {
    this.parameterGradients = new Array<Tensor>(parameters.length);
    this.gradients.set(out.id, given);
  }

  /** Returns the sum of a slot's gradients so far; undefined if there is none. The pass disposes the result. */
  gradient(slot: Slot): Tensor4D | undefined {
    return this.gradients.get(slot.id);
  }

  /** Adds `gradient` to the gradient of a slot. Several slots may hold the same tensor. */
  add(slot: Slot, gradient: Tensor4D): void {
    const before = this.gradients.get(slot.id);
    this.replace(slot, before === undefined ? gradient : tf.add(before, gradient));
  }

  /**
   * Replaces the gradient of a slot by `gradient`, which already includes the former sum. Disposes the former tensor
   * unless another slot holds it.
   */
  replace(slot: Slot, gradient: Tensor4D): void {
    const before = this.gradients.get(slot.id);
    this.gradients.set(slot.id, gradient);
    if (before !== undefined) this.release(before);
  }

  /**
   * Removes the gradient of a slot, after the op that wrote the slot has read it. Disposes the tensor unless another
   * slot holds it.
   */
  finish(slot: Slot): void {
    const gradient = this.gradients.get(slot.id);
    this.gradients.delete(slot.id);
    if (gradient !== undefined) this.release(gradient);
  }

  private release(gradient: Tensor4D): void {
    if (gradient !== this.given && ![...this.gradients.values()].includes(gradient)) gradient.dispose();
  }
}
