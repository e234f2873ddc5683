import { z } from 'zod';
import type { Layer } from './layer.js';

const schema = z.strictObject({
  type: z.literal('pixel-cnn-block'),
  /** Number of features inside the block, h. */
  hidden: z.int().min(1).max(4096),
});

/** Description of a layer that is a PixelCNN block: `hidden`, the number of features inside the block. @inline */
export type PixelCnnBlockDescription = z.infer<typeof schema>;

/**
 * Residual block of the PixelCNN (1601.06759, figure 5 left): 2h -> ReLU, 1x1 -> h -> ReLU, 3x3 -> h -> ReLU, 1x1 ->
 * 2h, plus the input. A 1x1 convolution of the conditioning's feature map is added to the output of the 3x3
 * convolution.
 */
export const pixelCnnBlock: Layer<PixelCnnBlockDescription> = {
  schema,
  build(builder, name, { hidden }, x) {
    const down = builder.conv(x, { name: `${name}.down`, kernel: 1, features: hidden, relu: true });
    const map = builder.conditioned(`${name}.map`, hidden);
    const wide = builder.conv(down, { name: `${name}.wide`, kernel: 3, features: hidden, relu: true, plus: map });
    return builder.conv(wide, { name: `${name}.up`, kernel: 1, features: x.features, relu: true, plus: x });
  },
};
