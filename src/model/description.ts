import { z } from 'zod';
import { conditionings, type ConditioningDescription } from '../conditioning/index.js';
import type { Size } from '../frame.js';
import { headOf, heads, type HeadDescription } from './heads/index.js';
import { layers, type LayerDescription } from './layers/index.js';

/** Everything that fixes a network but its weights; a checkpoint holds it whole. */
export interface NetworkDescription {
  size: Size;
  channels: 1 | 3;
  /** Number of values a sub-pixel can have, 2 to 256. */
  levels: number;
  /** The first layer, a masked convolution: kernel height and width, odd; features, 2h. */
  first: { kernel: number; features: number };
  layers: LayerDescription[];
  /** Features of each 1x1 layer between the last layer and the head. */
  output: number[];
  head: HeadDescription;
  conditioning: ConditioningDescription | null;
}

/** A model as it stands in checkpoints and configuration files. */
export interface ModelDescription {
  version: 1;
  network: NetworkDescription;
}

const side = z.int().min(1).max(4096);
const features = z.int().min(1).max(16384);

const networkSchema = z
  .strictObject({
    size: z.strictObject({ width: side, height: side }),
    channels: z.union([z.literal(1), z.literal(3)]),
    levels: z.int().min(2).max(256),
    first: z.strictObject({
      kernel: z
        .int()
        .min(1)
        .max(31)
        .refine((kernel) => kernel % 2 === 1, 'must be odd'),
      features,
    }),
    layers: z.array(z.discriminatedUnion('type', schemas<LayerDescription>(layers))),
    output: z.array(features),
    head: z.discriminatedUnion('type', schemas<HeadDescription>(heads)),
    conditioning: z.discriminatedUnion('type', schemas<ConditioningDescription>(conditionings)).nullable(),
  })
  .superRefine(({ channels, levels, first, layers, output, head }, context) => {
    const widths = [
      { path: ['first', 'features'], features: first.features },
      ...layers.map(({ hidden }, index) => ({ path: ['layers', index, 'hidden'], features: hidden })),
      ...output.map((features, index) => ({ path: ['output', index], features })),
    ];
    const message = `fewer features than the ${channels} colour channels`;
    for (const { path, features } of widths)
      if (features < channels) context.addIssue({ code: 'custom', path, message });
    const { maxLevels } = headOf(head);
    if (levels > maxLevels)
      context.addIssue({
        code: 'custom',
        path: ['levels'],
        message: `the head '${head.type}' takes ${maxLevels} at most`,
      });
  });

export const modelSchema: z.ZodType<ModelDescription> = z.strictObject({
  version: z.literal(1),
  network: networkSchema,
});

/** The schemas of a registry whose descriptions are of type D, as a discriminated union wants them: at least one. */
function schemas<D>(registry: Record<string, { schema: z.core.$ZodTypeDiscriminable }>) {
  type Schema = z.ZodType<D> & z.core.$ZodTypeDiscriminable;
  return Object.values(registry).map(({ schema }) => schema as Schema) as [Schema, ...Schema[]];
}
