import { frameFromPixels, toPixels } from '../../src/browser/index.js';

test('a frame in colour goes to the pixels of a canvas and back', () => {
  const frame = { width: 2, height: 1, channels: 3 as const, data: Uint8Array.of(1, 2, 3, 250, 251, 252) };
  const pixels = toPixels(frame);
  expect([...pixels.data]).toEqual([1, 2, 3, 255, 250, 251, 252, 255]);
  expect(frameFromPixels(pixels)).toEqual(frame);
});

test('grey shows in all colours; what is transparent shows black', () => {
  expect([...toPixels({ width: 1, height: 1, channels: 1, data: Uint8Array.of(7) }).data]).toEqual([7, 7, 7, 255]);
  const half = { width: 1, height: 1, data: Uint8ClampedArray.of(100, 200, 50, 51) };
  expect([...frameFromPixels(half).data]).toEqual([20, 40, 10]);
});
