import type { z } from 'zod';
import type { ProgramBuilder } from '../program.js';
import type { Slot } from '../groups.js';

/** One kind of layer: it writes ops, and training, evaluation and sampling come with them. */
export interface Layer<D extends { type: string }> {
  schema: z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  /** Writes the layer's ops; x and what is returned are the residual stream. @param name prefix of its parameters */
  build(builder: ProgramBuilder, name: string, description: D, x: Slot): Slot;
}
