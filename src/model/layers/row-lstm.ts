import { z } from 'zod';
import { cutGroups } from '../groups.js';
import type { Layer } from './layer.js';

const schema = z.strictObject({
  type: z.literal('row-lstm'),
  /** Number of features of the state, h. */
  hidden: z.int().min(1).max(4096),
  /** States outside the image: zero, or learned. */
  initialState: z.enum(['zero', 'learned']),
});

/**
 * Description of a layer with a Row LSTM: `hidden`, the number of features of its state, and `initialState`, zero or
 * learned.
 * @inline
 */
export type RowLstmDescription = z.infer<typeof schema>;

/**
 * Residual block around a Row LSTM (1601.06759, section 3.1 and figure 5 right). The gates are an input-to-state 1 x 3
 * convolution, mask B, plus a 1x1 convolution of the conditioning's feature map. The state-to-state product reads the
 * three pixels above. The state goes through a 1x1 convolution to 2h, plus the input.
 */
export const rowLstm: Layer<RowLstmDescription> = {
  schema,
  build(builder, name, { hidden, initialState }, x) {
    const groups = cutGroups(hidden, builder.channels).map((size) => 4 * size);
    const map = builder.conditioned(`${name}.map`, 4 * hidden);
    const kernel = { height: 1, width: 3 };
    const gates = builder.conv(x, { name: `${name}.input`, kernel, features: groups, plus: map });
    const state = builder.lstm(`${name}.state`, gates, 'rows', initialState === 'learned');
    return builder.conv(state, { name: `${name}.up`, kernel: 1, features: x.features, plus: x });
  },
};
