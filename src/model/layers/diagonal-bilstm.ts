import { z } from 'zod';
import type { ScanOrder } from '../../backend/scan-shape.js';
import { cutGroups } from '../groups.js';
import type { Layer } from './layer.js';

const schema = z.strictObject({
  type: z.literal('diagonal-bilstm'),
  /** Features of each direction's state, h. */
  hidden: z.int().min(1).max(4096),
  /** Learn the states outside the image; else they are zero. */
  initialState: z.enum(['zero', 'learned']),
});

export type DiagonalBiLstmDescription = z.infer<typeof schema>;

/**
 * Residual block around a Diagonal BiLSTM (1601.06759, section 3.2 and figure 5 right): input-to-state 1x1, mask B, in
 * each direction; the state of the direction that comes from the right is moved down by one row, so that it shows
 * nothing that is still to come, and added to the other; the sum goes through a 1x1 to 2h, plus the input.
 */
export const diagonalBiLstm: Layer<DiagonalBiLstmDescription> = {
  schema,
  build(builder, name, { hidden, initialState }, x) {
    const groups = cutGroups(hidden, builder.channels).map((size) => 4 * size);
    const direction = (side: string, walk: ScanOrder) => {
      const map = builder.conditioned(`${name}.${side}.map`, 4 * hidden);
      const gates = builder.conv(x, { name: `${name}.${side}.input`, kernel: 1, features: groups, plus: map });
      return builder.lstm(`${name}.${side}.state`, gates, walk, initialState === 'learned');
    };
    const left = direction('left', 'diagonals');
    const right = direction('right', 'mirrored-diagonals');
    const both = builder.add(left, right, 1);
    return builder.conv(both, { name: `${name}.up`, kernel: 1, features: x.features, plus: x });
  },
};
