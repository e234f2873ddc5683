import type { z } from 'zod';
import type { ProgramBuilder } from '../program.js';
import type { Slot } from '../groups.js';

/** Kind of layer: writes ops, which training, evaluation and sampling all run. */
export interface Layer<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /**
   * Writes the layer's ops. Takes and returns the slot of the residual stream.
   * @param name prefix of the layer's parameters
   */
  build(builder: ProgramBuilder, name: string, description: D, x: Slot): Slot;
}
