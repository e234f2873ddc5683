import { hiddenFeatures, stateTaps, type ScanOrder, type ScanShape } from '../../src/backend/scan-shape.js';
import { randomFloats } from '../random.js';
import { packed, roundedToBf16 } from './bf16.js';
import { bitsOf } from './comparison.js';
import { bf16Sets } from './implementations.js';

const SCAN_ORDERS: ScanOrder[] = ['rows', 'diagonals', 'mirrored-diagonals'];
const SIZES = [
  { batch: 2, height: 1, width: 7, groups: [3] },
  { batch: 3, height: 4, width: 5, groups: [16] },
  { batch: 2, height: 3, width: 4, groups: [6, 5, 5] },
  { batch: 1, height: 2, width: 37, groups: [5, 6, 7] },
  { batch: 11, height: 3, width: 4, groups: [9, 8, 8] },
];
const cases = bf16Sets.flatMap((kernels) =>
  SCAN_ORDERS.flatMap((scanOrder) =>
    SIZES.map(({ batch, height, width, groups }) => ({
      name: `${kernels.instructionSet}, ${batch}x${height}x${width}, ${groups.join('+')} by ${scanOrder}`,
      kernels,
      batch,
      shape: { height, width, groups, scanOrder } satisfies ScanShape,
    })),
  ),
);

(bf16Sets.length > 0 ? describe : describe.skip)(
  'gates that are stored in bf16 give the bits of gates that are rounded:',
  () => {
    test.each(cases)('$name', ({ kernels, batch, shape }) => {
      const hidden = hiddenFeatures(shape);
      const count = batch * shape.height * shape.width * hidden;
      const weights = randomFloats(stateTaps[shape.scanOrder].length * hidden * 4 * hidden, 2, 1 / Math.sqrt(hidden));
      const gates = roundedToBf16(randomFloats(4 * count, 1, 2));
      const [initial, dOut] = [randomFloats(2 * hidden, 3), randomFloats(count, 4)];
      const stored = { ...shape, gatesInBf16: true };
      const empty = (length: number) => new Float32Array(length);

      const forward = { activations: empty(4 * count), cells: empty(count), out: empty(count) };
      kernels.lstm({ shape, batch }, { gates, weights, initial, ...forward });
      const activations = roundedToBf16(forward.activations);
      const forwardInBf16 = { activations: empty(2 * count), cells: empty(count), out: empty(count) };
      kernels.lstm({ shape: stored, batch }, { gates: packed(gates), weights, initial, ...forwardInBf16 });
      expect(bitsOf(forwardInBf16)).toEqual(bitsOf({ ...forward, activations: packed(activations) }));

      const given = { dOut, weights, initial, cells: forward.cells, out: forward.out };
      const makeGradients = (gateFloats: number) => ({
        dGates: empty(gateFloats),
        dWeights: empty(weights.length),
        dInitial: empty(2 * hidden),
      });
      const expected = makeGradients(4 * count);
      kernels.lstmGradient({ shape, batch }, { ...given, activations, ...expected });
      const received = makeGradients(2 * count);
      kernels.lstmGradient({ shape: stored, batch }, { ...given, activations: packed(activations), ...received });
      expect(bitsOf({ dGates: received.dGates })).toEqual(bitsOf({ dGates: packed(expected.dGates) }));
      // What leaves the image is summed from gradients before they are rounded, or after.
      for (const name of ['dWeights', 'dInitial'] as const) {
        const largest = Math.max(...expected[name].map(Math.abs));
        received[name].forEach((value, i) => {
          expect(Math.abs(value - expected[name][i])).toBeLessThan(0.01 * largest);
        });
      }
    });
  },
);
