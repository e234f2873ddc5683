import { findMaskFaults } from '../../src/check/masks.js';
import {
  checkedNetwork,
  checkedNetworks,
  withConv,
  withFutureTap,
  withGatesInThirds,
  withoutShift,
  withoutTap,
} from './checked-networks.js';

test.each(checkedNetworks)("%s reads what the paper's masks show, and nothing else", (_, { program }) => {
  expect(findMaskFaults(program)).toEqual([]);
});

describe('what is wrong is named:', () => {
  const blocks = checkedNetwork('pixel-cnn-block', 3, true);

  test('a tap that sees the future', () => {
    expect(findMaskFaults(withFutureTap(blocks).program)).toEqual([
      'layers.0.wide.weights: through the tap at (0, 1) group 0 sees 7 features instead of 0',
      'layers.0.wide.weights: through the tap at (0, 1) group 1 sees 7 features instead of 0',
      'layers.0.wide.weights: through the tap at (0, 1) group 2 sees 7 features instead of 0',
    ]);
  });

  test('a tap that is missing, though the sub-pixels behind it are reached by other ways', () => {
    const broken = withConv(blocks, 'layers.1.wide', (shape) => ({
      ...shape,
      taps: shape.taps.filter(({ dy, dx }) => dy !== -1 || dx !== 0),
    }));
    expect(findMaskFaults(broken.program)[0]).toBe(
      'layers.1.wide.weights: through the tap at (-1, 0) group 0 sees 0 features instead of 7',
    );
  });

  test('mask B where the image is read', () => {
    const broken = withConv(blocks, 'first', (shape) => ({
      ...shape,
      taps: shape.taps.map((tap) => (tap.dy === 0 && tap.dx === 0 ? { ...tap, sees: [2, 4, 6] } : tap)),
    }));
    expect(findMaskFaults(broken.program)).toContain(
      'first.weights: through the tap at (0, 0) group 0 sees 2 features instead of 0',
    );
  });

  test('a tap outside the kernel', () => {
    const broken = withConv(blocks, 'layers.0.wide', (shape) => ({
      ...shape,
      taps: [{ dy: -2, dx: 0, position: 1, sees: [7, 7, 7] }, ...shape.taps],
    }));
    expect(findMaskFaults(broken.program)).toEqual(['layers.0.wide.weights has a tap at (-2, 0), outside its kernel']);
  });

  test('a walk from the right that does not come down', () => {
    expect(findMaskFaults(withoutShift(checkedNetwork('diagonal-bilstm', 1, false)).program)).toContainEqual(
      expect.stringMatching(/^the sum of maps \d+ and \d+: the second comes down by 0 rows instead of 1$/),
    );
  });

  test('gates cut in thirds', () => {
    const broken = withGatesInThirds(checkedNetwork('row-lstm', 3, true), 'layers.0.input');
    expect(findMaskFaults(broken.program)).toEqual([
      'layers.0.input.weights: the output groups are cut into 10 + 9 + 9 instead of 12 + 8 + 8',
    ]);
  });
});

test('a tap of the first layer that is missing is named once for each colour', () => {
  expect(findMaskFaults(withoutTap(checkedNetwork('pixel-cnn-block', 3, false)).program)).toHaveLength(3);
});

test('states that are cut into parts of features are no colours', () => {
  const { program } = checkedNetwork('row-lstm', 3, false);
  const ops = program.ops.map((op) =>
    op.op === 'lstm' ? { ...op, out: { ...op.out, groups: [2.5, 2.25, 2.25] } } : op,
  );
  expect(findMaskFaults({ ...program, ops })[0]).toBe(
    'layers.0.state.weights: the states are cut into 2.5 + 2.25 + 2.25 features',
  );
});
