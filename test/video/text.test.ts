import { fitTextSize, chooseFittingText, textHeight, drawText, textWidth } from '../../src/video/text.js';

const texts = ['truth', 'sample 12', 'best guess', 'frame 0123456789'];

test('text looks the same on every machine, whatever fonts it has', async () => {
  const { width, height, coverage } = await drawText('truth 24', 10);
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from(coverage.subarray(y * width, (y + 1) * width), (value) => (value >= 128 ? '#' : '.')).join(''),
  );
  expect(rows.slice(2, 10)).toEqual([
    '...................#..........#..........',
    '.#.............#...#.........#.#....#....',
    '.#...#.#.#..#..#...#.#..........#...#....',
    '.#...##..#..#..#...#..#........#...#.....',
    '.#...#...#..#..#...#..#.......##...#.##..',
    '.#...#...#..#..#...#..#.......#....#.##..',
    '.#...#...#..#..#...#..#......#.....####..',
    '.##..#...####..##..#..#.....#####....##..',
  ]);
});

test.each(texts)("'%s' is drawn within its width and height, and something is drawn", async (text) => {
  const { width, height, coverage } = await drawText(text, 12);
  expect([width, height, coverage.length]).toEqual([textWidth(text, 12), textHeight(12), width * height]);
  expect(Math.max(...coverage)).toBeGreaterThan(200);
  const columns = Array.from({ length: width }, (_, x) =>
    Array.from({ length: height }, (_, y) => coverage[y * width + x]),
  );
  const inked = columns.map((column) => column.some((value) => value > 0));
  // The first letter begins at the left, the last one ends at the right.
  expect([inked.indexOf(true) < 3, inked.lastIndexOf(true) > width - 4]).toEqual([true, true]);
});

test('letters that differ look different, and those that the font lacks are a box', async () => {
  const drawn = await Promise.all(
    ['0', 'O', 'l', '1', '漢'].map(async (text) => (await drawText(text, 14)).coverage.join()),
  );
  expect(new Set(drawn).size).toBe(drawn.length);
});

test('of several texts the first that fits is taken, or none, and a size is found at which a text fits', () => {
  expect(chooseFittingText(['frame 24', '24'], 12, 100)).toBe('frame 24');
  expect(chooseFittingText(['frame 24', '24'], 12, 20)).toBe('24');
  expect(chooseFittingText(['frame 24', '24'], 12, 5)).toBeNull();
  const width = textWidth('sample 2', 11);
  expect(fitTextSize('sample 2', 18, width)).toBe(11);
  expect(fitTextSize('sample 2', 18, 3)).toBe(8);
});
