import { z } from 'zod';
import { gruSchema } from './conv-gru.js';
import { DEFAULT_HALVINGS, MAX_HALVINGS } from './layers.js';

/** Maximum number of context frames that template matching searches. */
const MAX_REFERENCES = 4;

/** Schema of the description of a conditioning on warped context frames. */
export const warpedFramesSchema = z
  .strictObject({
    type: z.literal('warped-frames'),
    /** Number of context frames that are warped, the last ones; without `gru`, all of them. */
    context: z.int().min(1).max(16),
    /** Convolutional GRU that reads more context frames (see conv-gru.ts). Default: none. */
    gru: gruSchema.optional(),
    /** Number of features of the map; the inner layers have twice as many at half size and below. */
    features: z.int().min(1).max(512),
    /** Number of displacements at which each frame is read. */
    flows: z.int().min(1).max(8),
    /** True to read each frame unmoved as well. Default: false. */
    still: z.boolean().optional(),
    /** True to warp one more frame: the last one, moved on by block matching. Default: false. */
    blockMatching: z.boolean().optional(),
    /**
     * Number of pairs of successive frames along which that motion is fitted (see `fitTrajectories`). Default: the
     * newest pair alone gives the motion.
     */
    trajectory: z.int().min(2).max(16).optional(),
    /** Number of times that the trunk halves the size. Default: 2. */
    halvings: z.int().min(DEFAULT_HALVINGS).max(MAX_HALVINGS).optional(),
    /** Number of last context frames that template matching searches. Default: none. */
    templateMatching: z.int().min(1).max(MAX_REFERENCES).optional(),
    /**
     * True to regress the image's deviation from the expected frame on known pixels nearby and on the searched frames.
     * Default: false.
     */
    localRegression: z.boolean().optional(),
  })
  .refine(({ blockMatching, context }) => !blockMatching || context > 1, {
    path: ['blockMatching'],
    message: 'must be false where one frame alone is given',
  })
  .refine(({ gru, context }) => gru === undefined || gru.context >= context, {
    path: ['gru', 'context'],
    message: 'must be at least the context that is warped',
  })
  .refine(({ trajectory, blockMatching }) => trajectory === undefined || blockMatching, {
    path: ['trajectory'],
    message: 'must be absent where blockMatching is false',
  })
  .refine(({ trajectory = 0, context, gru }) => trajectory < (gru?.context ?? context), {
    path: ['trajectory'],
    message: 'must be less than the context, as a pair has two frames',
  })
  .refine(({ templateMatching = 0, context }) => templateMatching <= context, {
    path: ['templateMatching'],
    message: 'must be at most as many frames as are given',
  })
  .refine(({ localRegression, templateMatching }) => !localRegression || templateMatching !== undefined, {
    path: ['localRegression'],
    message: 'must be false where templateMatching names no frames',
  });

/**
 * Description of a conditioning on warped context frames: numbers of frames, features and displacements, and options.
 * @inline
 */
export type WarpedFramesDescription = z.infer<typeof warpedFramesSchema>;

/** First part of the names of all parameters of the conditioning. */
export const WARPED_FRAMES = 'warped-frames';

/** Returns the number of frames to warp: the context frames and, if used, the last one moved on by block matching. */
export function countWarpedFrames({ context, blockMatching }: WarpedFramesDescription): number {
  return context + (blockMatching ? 1 : 0);
}
