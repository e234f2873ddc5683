import { traceReceptiveFields, type ReceptiveFields } from '../../scripts/drawings/receptive-fields.js';
import type { Channels } from '../../src/foundation/frame.js';
import type { LayerDescription } from '../../src/model/layers/index.js';
import { buildNetwork } from '../../src/model/network.js';
import { checkedNetwork, layersOf, withoutShift, withoutTap } from '../commands/check/checked-networks.js';
import { tinyNetwork } from '../model/tiny-networks.js';

/** The fields of a network of 9x6 pixels, whose first layer is 3x3 unless said otherwise. */
function fieldsOf(layers: LayerDescription[], channels: Channels, kernel = 3, conditional = false): ReceptiveFields {
  const changes = { size: { width: 9, height: 6 }, channels, layers, first: { kernel, features: 6 } };
  return traceReceptiveFields(
    buildNetwork(tinyNetwork(conditional ? changes : { ...changes, conditioning: [] })).program,
  );
}

/**
 * Draws the receptive field of a sub-pixel's output: `o` the pixel itself, `#` pixels that are seen, `.` those that are
 * not; of an RGB pixel that is seen in part, how many colours.
 */
function drawn({ size, channels, reaches }: ReceptiveFields, y: number, x: number, channel = 0): string[] {
  const output = (y * size.width + x) * channels + channel;
  return Array.from({ length: size.height }, (_, row) =>
    Array.from({ length: size.width }, (_, column) => {
      if (row === y && column === x) return 'o';
      const first = (row * size.width + column) * channels;
      const seen = Array.from({ length: channels }, (_, c) => reaches(first + c, output)).filter(Boolean).length;
      return seen === 0 ? '.' : seen === channels ? '#' : String(seen);
    }).join(''),
  );
}

const single = (type: LayerDescription['type']) => layersOf(type).slice(0, 1);

// Tables drawn by hand, from 1601.06759, figures 1 to 3 and 5, and sections 3.1 to 3.5.
describe('the receptive field of the output at row 4 and column 4,', () => {
  test('of a 3x3 first layer alone, is its taps', () => {
    expect(drawn(fieldsOf([], 1), 4, 4)).toEqual([
      '.........',
      '.........',
      '.........',
      '...###...',
      '...#o....',
      '.........',
    ]);
  });

  test('of a PixelCNN block is a box with a blind spot to its right', () => {
    expect(drawn(fieldsOf(single('pixel-cnn-block'), 1), 4, 4)).toEqual([
      '.........',
      '.........',
      '..#####..',
      '..####...',
      '..##o....',
      '.........',
    ]);
  });

  test('of two blocks grows by a pixel, and the blind spot stays', () => {
    expect(drawn(fieldsOf(layersOf('pixel-cnn-block'), 1), 4, 4)).toEqual([
      '.........',
      '.#######.',
      '.######..',
      '.#####...',
      '.###o....',
      '.........',
    ]);
  });

  test('of a Row LSTM is a triangle up to the first row', () => {
    expect(drawn(fieldsOf(single('row-lstm'), 1), 4, 4)).toEqual([
      '#########',
      '########.',
      '#######..',
      '.#####...',
      '..##o....',
      '.........',
    ]);
  });

  test('of two Row LSTM layers is wider by a pixel on the left alone', () => {
    expect(drawn(fieldsOf(layersOf('row-lstm'), 1), 4, 4)).toEqual([
      '#########',
      '########.',
      '#######..',
      '######...',
      '.###o....',
      '.........',
    ]);
  });

  test.each([1, 2])('of %d Diagonal BiLSTM layers is everything but the last pixel of the row above', (layers) => {
    expect(drawn(fieldsOf(layersOf('diagonal-bilstm').slice(0, layers), 1), 4, 4)).toEqual([
      '#########',
      '#########',
      '#########',
      '########.',
      '####o....',
      '.........',
    ]);
  });

  test('is the same with a conditioning map', () => {
    for (const type of ['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm'] as const)
      expect(drawn(fieldsOf(single(type), 3, 3, true), 4, 4)).toEqual(drawn(fieldsOf(single(type), 3), 4, 4));
  });
});

describe('the last pixel of the row above, under a Diagonal BiLSTM,', () => {
  const rowAbove = (kernel: number, x: number, channels: Channels) =>
    drawn(fieldsOf(single('diagonal-bilstm'), channels, kernel), 4, x)[3];

  test('is seen from where the taps of the first layer reach it', () => {
    expect([6, 7].map((x) => rowAbove(3, x, 1))).toEqual(['########.', '#########']);
    expect([4, 5].map((x) => rowAbove(7, x, 1))).toEqual(['########.', '#########']);
  });

  test('lacks only its blue in a colour image', () => {
    expect([4, 5].map((x) => rowAbove(7, x, 3))).toEqual(['########2', '#########']);
    const { reaches } = fieldsOf(single('diagonal-bilstm'), 3, 7);
    const corner = (3 * 9 + 8) * 3;
    const output = (4 * 9 + 4) * 3;
    expect([0, 1, 2].map((channel) => reaches(corner + channel, output))).toEqual([true, true, false]);
  });
});

test.each(['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm'] as const)(
  'within a pixel of a %s network, R sees nothing, G sees R, B sees R and G',
  (type) => {
    const { reaches } = fieldsOf(single(type), 3);
    const pixel = (2 * 9 + 3) * 3;
    const table = [0, 1, 2].map((output) => [0, 1, 2].map((input) => reaches(pixel + input, pixel + output)));
    expect(table).toEqual([
      [false, false, false],
      [true, false, false],
      [true, true, false],
    ]);
  },
);

describe('the receptive fields follow the ops:', () => {
  test('without a tap, the pixel behind it is not seen', () => {
    const network = checkedNetwork('pixel-cnn-block', 1, false);
    const reaches = (of: typeof network) => traceReceptiveFields(of.program).reaches(3, of.description.size.width);
    expect([reaches(network), reaches(withoutTap(network))]).toEqual([true, false]);
  });

  test('without the shift of the walk from the right, a pixel sees itself', () => {
    const network = checkedNetwork('diagonal-bilstm', 1, false);
    const reaches = (of: typeof network) => traceReceptiveFields(of.program).reaches(0, 0);
    expect([reaches(network), reaches(withoutShift(network))]).toEqual([false, true]);
  });
});
