import { cutGroups, tapPosition, visibleFeatures, type Availability } from '../../src/model/groups.js';

test.each([
  { features: 128, channels: 3, groups: [48, 48, 32] },
  { features: 96, channels: 3, groups: [32, 32, 32] },
  { features: 64, channels: 3, groups: [32, 16, 16] },
  { features: 48, channels: 3, groups: [16, 16, 16] },
  { features: 32, channels: 3, groups: [11, 11, 10] },
  { features: 20, channels: 3, groups: [7, 7, 6] },
  { features: 3, channels: 3, groups: [1, 1, 1] },
  { features: 128, channels: 1, groups: [128] },
  { features: 1, channels: 1, groups: [1] },
] as const)('$features features for $channels channels are cut into $groups', ({ features, channels, groups }) => {
  expect(cutGroups(features, channels)).toEqual(groups);
});

test('fewer features than colours cannot be cut', () => {
  expect(() => cutGroups(2, 3)).toThrow(new RangeError('cannot cut 2 features into 3 colour groups'));
});

/**
 * Draws what each output colour sees through each place of a kernel: the input colours it sees there, or `.` where it
 * sees none.
 */
function drawn(ready: Availability, kernel: number, groups: number[], names: string): string {
  const radius = (kernel - 1) / 2;
  const offsets = Array.from({ length: kernel }, (_, i) => i - radius);
  const colours = groups.map((size, group) => ({ size, name: names[group] }));
  return colours
    .map(({ name }, group) => {
      const rows = offsets.map((dy) =>
        offsets
          .map((dx) => {
            const sees = visibleFeatures(ready, groups, groups.length, tapPosition(dy, dx))[group];
            let before = 0;
            const seen = colours.filter(({ size }) => (before += size) <= sees).map((colour) => colour.name);
            expect(groups.slice(0, seen.length).reduce((sum, size) => sum + size, 0)).toBe(sees);
            return seen.join('') || '.';
          })
          .join(' '),
      );
      return [`${name}:`, ...rows].join('\n');
    })
    .join('\n');
}

test('the first layer, 7x7 over an RGB image, is mask A: at the centre only the earlier colours show', () => {
  const rgb = Array<string>(7).fill('RGB').join(' ');
  const none = Array<string>(7).fill('.').join(' ');
  const mask = (centre: string) => [rgb, rgb, rgb, `RGB RGB RGB ${centre} . . .`, none, none, none].join('\n');
  expect(drawn('image', 7, [1, 1, 1], 'RGB')).toBe(`R:\n${mask('.')}\nG:\n${mask('R')}\nB:\n${mask('RG')}`);
});

test('the first layer over a grey image is mask A: the centre does not show', () => {
  expect(drawn('image', 7, [1], 'Y')).toBe(
    `Y:
Y Y Y Y Y Y Y
Y Y Y Y Y Y Y
Y Y Y Y Y Y Y
Y Y Y . . . .
. . . . . . .
. . . . . . .
. . . . . . .`,
  );
});

test('a colour of an image that is read with two features shows both or neither', () => {
  expect(visibleFeatures('image', [2, 2, 2], 3, 'centre')).toEqual([0, 2, 4]);
  expect(visibleFeatures('image', [2, 2, 2], 3, 'earlier')).toEqual([6, 6, 6]);
});

test('what is made of earlier pixels shows whole to every colour of its pixel, and to none before', () => {
  const mask = 'RGB RGB RGB\nRGB RGB .\n. . .';
  expect(drawn('earlier', 3, [2, 1, 1], 'RGB')).toBe(`R:\n${mask}\nG:\n${mask}\nB:\n${mask}`);
});

test('a 3x3 over features is mask B: at the centre the same colour shows too', () => {
  expect(drawn('pixel', 3, [7, 7, 6], 'RGB')).toBe(
    `R:
RGB RGB RGB
RGB R .
. . .
G:
RGB RGB RGB
RGB RG .
. . .
B:
RGB RGB RGB
RGB RGB .
. . .`,
  );
});

test('a 3x3 over grey features is mask B: the centre shows', () => {
  expect(drawn('pixel', 3, [5], 'Y')).toBe('Y:\nY Y Y\nY Y .\n. . .');
});

test('a 1x1 over features is mask B: the lower block triangle of the colours', () => {
  expect(drawn('pixel', 1, [48, 48, 32], 'RGB')).toBe('R:\nR\nG:\nRG\nB:\nRGB');
});

test('what is given shows everywhere, to every colour', () => {
  for (const place of ['earlier', 'centre', 'later'] as const) {
    expect(visibleFeatures('given', [9], 3, place)).toEqual([9, 9, 9]);
  }
});
