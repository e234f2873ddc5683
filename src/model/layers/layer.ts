import type { z } from 'zod';
import type { ProgramBuilder } from '../program.js';
import type { Slot } from '../groups.js';

/** Kind of layer: adds its ops to the program of a network. Training, evaluation and sampling all run these ops. */
export interface Layer<D extends { type: string }> {
  /** Schema of the description. */
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /**
   * Adds the ops of a layer to the program. Returns the slot of the layer's output.
   * @param name prefix of the names of the layer's parameters
   * @param x slot of the layer's input, the residual stream
   */
  build(builder: ProgramBuilder, name: string, description: D, x: Slot): Slot;
}
