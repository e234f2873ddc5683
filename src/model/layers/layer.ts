import type { z } from 'zod';
import type { ProgramBuilder } from '../program.js';
import type { Slot } from '../slot.js';

/** One kind of layer: it writes ops, and training, evaluation and sampling come with them. */
export interface Layer<D extends { type: string }> {
  type: D['type'];
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /**
   * Writes the layer's ops.
   *
   * @param name prefix of the names of its parameters
   * @param x the residual stream, 2h features
   * @returns the residual stream after this layer, 2h features
   */
  build(builder: ProgramBuilder, name: string, description: D, x: Slot): Slot;
}
