import type { Channels, Size } from '../../src/foundation/frame.js';
import { describeFieldShape } from '../../src/check/field-shape.js';
import { expectedReceptiveFields } from '../../src/check/receptive-fields.js';
import type { LayerDescription } from '../../src/model/layers/index.js';
import { buildNetwork } from '../../src/model/network.js';
import { tinyNetwork } from '../model/tiny-networks.js';
import { layersOf } from './checked-networks.js';

const size: Size = { width: 20, height: 12 };

function shapeOf(layers: LayerDescription[], channels: Channels, kernel = 7) {
  const description = tinyNetwork({ size, channels, layers, first: { kernel, features: 6 }, conditioning: [] });
  return describeFieldShape(expectedReceptiveFields(buildNetwork(description).program));
}

test.each([1, 3] satisfies Channels[])('two PixelCNN blocks over %d channels have a blind spot', (channels) => {
  expect(shapeOf(layersOf('pixel-cnn-block'), channels)).toEqual(
    'a blind spot: of row y - k, k = 1 to 5, columns x - 5 to x + min(k + 2, 5); of row y, from column x - 5 on',
  );
});

test('the blind spot stays where blocks are deep enough to reach the first row', () => {
  const [block] = layersOf('pixel-cnn-block');
  expect(shapeOf(new Array<LayerDescription>(9).fill(block), 1)).toEqual(
    'a blind spot: of row y - k, all rows above, columns x - 12 to x + min(k + 2, 12); of row y, from column x - 12 on',
  );
});

test.each([1, 3] satisfies Channels[])('two Row LSTM layers over %d channels see a triangle', (channels) => {
  expect(shapeOf(layersOf('row-lstm'), channels)).toEqual(
    'a triangle: of row y - k, all rows above, columns x - (k + 5) to x + (k + 2); of row y, from column x - 5 on',
  );
});

test('two Diagonal BiLSTM layers lack one pixel, and in colour only its blue', () => {
  expect(shapeOf(layersOf('diagonal-bilstm'), 1)).toEqual(
    'all earlier sub-pixels but pixel (y - 1, W - 1), which (y, x) lacks for x < W - 4',
  );
  expect(shapeOf(layersOf('diagonal-bilstm'), 3)).toEqual(
    'all earlier sub-pixels but B of pixel (y - 1, W - 1), which (y, x) lacks for x < W - 4',
  );
});

test('a first layer alone sees a box', () => {
  expect(shapeOf([], 3)).toEqual(
    'a box: of row y - k, k = 1 to 3, columns x - 3 to x + 3; of row y, from column x - 3 on',
  );
});

test('a first layer of one pixel never shows blue: a shape without a name, told by a share and an example', () => {
  expect(shapeOf([], 3, 1)).toMatch(/^\d\.\d% of the earlier sub-pixels; \(0, 1\) R does not see \(0, 0\) R$/);
});

test('an image in which everything is seen', () => {
  const fields = {
    size,
    channels: 3,
    reaches: (input: number, output: number) => input < output,
    isSeen: () => true,
  } as const;
  expect(describeFieldShape(fields)).toEqual('all earlier sub-pixels');
});

test('where one output more lacks the pixel, or one fewer, the words that would be wrong are not said', () => {
  const { width } = size;
  const lacks = (input: number, output: number) =>
    input % width === width - 1 && Math.floor(output / width) === Math.floor(input / width) + 1;
  const fields = (isLacked: typeof lacks) => ({
    size,
    channels: 1 as const,
    reaches: (input: number, output: number) => input < output && !isLacked(input, output),
    isSeen: () => true,
  });
  const upTo = (column: number, but = -1) =>
    fields((input, output) => lacks(input, output) && output % width <= column && output !== but);
  expect(describeFieldShape(upTo(9))).toEqual(
    'all earlier sub-pixels but pixel (y - 1, W - 1), which (y, x) lacks for x < W - 10',
  );
  expect(describeFieldShape(upTo(9, 3 * width + 4))).toMatch(/^\d+\.\d% of the earlier sub-pixels; /);
});
