import { levelToByte, byteToLevel } from '../../src/foundation/levels.js';
import { slowTest } from '../extent.js';

const everyNumber = Array.from({ length: 255 }, (_, i) => i + 2);

slowTest('the byte that shows a level comes back as that level, whatever their number', () => {
  for (const levels of everyNumber)
    for (let level = 0; level < levels; level++)
      expect([levels, byteToLevel(levelToByte(level, levels), levels)]).toEqual([levels, level]);
});

test('levels are shown from black to white, evenly but for what a byte cannot show', () => {
  for (const levels of everyNumber) {
    const bytes = Array.from({ length: levels }, (_, level) => levelToByte(level, levels));
    expect([bytes[0], bytes[levels - 1]]).toEqual([0, 255]);
    const off = bytes.map((byte, level) => Math.abs(byte - (level * 255) / (levels - 1)));
    expect(Math.max(...off)).toBeLessThanOrEqual(1);
  }
  expect([0, 1, 2, 3].map((level) => levelToByte(level, 4))).toEqual([0, 85, 170, 255]);
});
