import { z } from 'zod';
import type { ScanOrder } from '../../backend/scan-shape.js';
import { cutGroups } from '../groups.js';
import type { Layer } from './layer.js';

const schema = z.strictObject({
  type: z.literal('diagonal-bilstm'),
  /** Number of features of each direction's state, h. */
  hidden: z.int().min(1).max(4096),
  /** States outside the image: zero, or learned. */
  initialState: z.enum(['zero', 'learned']),
});

/**
 * Description of a layer with a Diagonal BiLSTM: `hidden`, the number of features of each direction's state, and
 * `initialState`, zero or learned.
 * @inline
 */
export type DiagonalBiLstmDescription = z.infer<typeof schema>;

/**
 * Residual block around a Diagonal BiLSTM (1601.06759, section 3.2 and figure 5 right). Each direction has an
 * input-to-state 1x1 convolution, mask B, plus a 1x1 convolution of the conditioning's feature map. The state of the
 * direction from the right is moved down by one row, so that it shows no later pixels, and added to the other. The sum
 * goes through a 1x1 convolution to 2h, plus the input.
 */
export const diagonalBiLstm: Layer<DiagonalBiLstmDescription> = {
  schema,
  build(builder, name, { hidden, initialState }, x) {
    const groups = cutGroups(hidden, builder.channels).map((size) => 4 * size);
    const direction = (side: string, scanOrder: ScanOrder) => {
      const map = builder.conditioned(`${name}.${side}.map`, 4 * hidden);
      const gates = builder.conv(x, { name: `${name}.${side}.input`, kernel: 1, features: groups, plus: map });
      return builder.lstm(`${name}.${side}.state`, gates, scanOrder, initialState === 'learned');
    };
    const left = direction('left', 'diagonals');
    const right = direction('right', 'mirrored-diagonals');
    const both = builder.add(left, right, 1);
    return builder.conv(both, { name: `${name}.up`, kernel: 1, features: x.features, plus: x });
  },
};
