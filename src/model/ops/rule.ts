import { tf } from '../../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Slot } from '../groups.js';

/** Values of slots by id, [batch, height, width, features]. */
export type SlotTensors = Map<number, Tensor4D>;

/** What the whole-image executor knows of one kind of op. */
export interface OpRule<O> {
  /** Slots whose values the backward pass reads. */
  kept(op: O): readonly Slot[];
  /** Slots that the op reads and the backward pass does not. */
  passing(op: O): readonly Slot[];
  /** Puts the value of what the op writes into `values`. */
  forward(op: O, parameters: readonly Tensor[], values: SlotTensors): void;
  /** Adds the gradients of what the op reads, given that of what it writes. */
  backward(op: O, pass: BackwardPass): void;
}

/** Gradients on their way back: of slots, each the sum over the ops that read it, and of parameters. */
export class BackwardPass {
  readonly parameterGradients: Tensor[];
  private readonly gradients: SlotTensors = new Map();

  /** @param values of the slots that some op keeps */
  constructor(
    readonly parameters: readonly Tensor[],
    readonly values: SlotTensors,
    /** The gradient of the program's output; not ours to dispose of. */
    private readonly given: Tensor4D,
    out: Slot,
    /** Slots that need no gradient: nothing that is learned stands behind them. */
    readonly still: readonly Slot[],
  ) {
    this.parameterGradients = new Array<Tensor>(parameters.length);
    this.gradients.set(out.id, given);
  }

  /** The sum so far of a slot's gradients; undefined where nothing has come yet. */
  gradient(slot: Slot): Tensor4D | undefined {
    return this.gradients.get(slot.id);
  }

  /** Adds to a slot's gradient. The tensor may be the gradient of other slots as well. */
  add(slot: Slot, gradient: Tensor4D): void {
    const before = this.gradients.get(slot.id);
    this.replace(slot, before === undefined ? gradient : tf.add(before, gradient));
  }

  /** Sets a slot's gradient to a sum that holds what came before. */
  replace(slot: Slot, gradient: Tensor4D): void {
    const before = this.gradients.get(slot.id);
    this.gradients.set(slot.id, gradient);
    if (before !== undefined) this.release(before);
  }

  /** Ends the life of a slot's gradient, once the op that wrote the slot has passed it on. */
  finish(slot: Slot): void {
    const gradient = this.gradients.get(slot.id);
    this.gradients.delete(slot.id);
    if (gradient !== undefined) this.release(gradient);
  }

  private release(gradient: Tensor4D): void {
    if (gradient !== this.given && ![...this.gradients.values()].includes(gradient)) gradient.dispose();
  }
}
