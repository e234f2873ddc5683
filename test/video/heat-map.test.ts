import { drawHeatMap } from '../../src/video/heat-map.js';

test('values from 0 to the most go from black over red and yellow to white, and stay white above', () => {
  const { width, height, channels, data } = drawHeatMap(
    Float64Array.of(0, 1, 2, 3, 1.5, 9),
    { width: 3, height: 2 },
    3,
  );
  expect({ width, height, channels }).toEqual({ width: 3, height: 2, channels: 3 });
  const pixels = Array.from({ length: 6 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
  expect(pixels).toEqual([
    [0, 0, 0],
    [200, 0, 0],
    [255, 200, 0],
    [255, 255, 255],
    [228, 100, 0],
    [255, 255, 255],
  ]);
});
