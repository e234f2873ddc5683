import { drawChart, type Chart } from '../../src/document/chart.js';

const size = { width: 400, height: 200 };
const chart = (more: Partial<Chart> = {}): Chart => ({
  title: 'a & b',
  x: { label: 'steps', from: 0, to: 10 },
  y: { label: 'bits/dim', from: 0, to: 4 },
  lines: [
    {
      name: 'training',
      points: [
        [0, 4],
        [5, 2],
        [10, 1],
      ],
    },
    {
      name: 'validation',
      points: [
        [5, 3],
        [10, 2],
      ],
    },
  ],
  ...more,
});
/** Where a line goes, point after point. */
const pathsOf = (svg: string) =>
  [...svg.matchAll(/class="none \w+Line-edge"[^>]* d="(M[^"]+)"/g)]
    .map(([, path]) =>
      path
        .split(/[ML]/)
        .filter(Boolean)
        .map((point) => point.split(/[, ]/).map(Number)),
    )
    .filter(([, second]) => second !== undefined);

test('a line goes through its points, in the units of the axes', () => {
  const [first] = pathsOf(drawChart(chart(), size));
  const [left, middle, right] = first;
  expect(middle[0]).toBeCloseTo((left[0] + right[0]) / 2, 0);
  // 4, 2 and 1 of the y axis: half way down, then half of the rest.
  expect((middle[1] - left[1]) / (right[1] - left[1])).toBeCloseTo(2 / 3, 1);
});

test('lines are told apart without their colours', () => {
  const svg = drawChart(chart(), size);
  const dashes = [...svg.matchAll(/stroke-width="2"( stroke-dasharray="[^"]+")?/g)].map(([, dash = 'none']) => dash);
  expect(new Set(dashes).size).toBe(2);
  expect(svg).toContain('>training</text>');
  expect(svg).toContain('<title>a &amp; b</title>');
});

test('points beyond the end of the y axis are left out, and values that are none too', () => {
  const lines = [
    {
      name: 'one',
      points: [
        [0, 9],
        [1, 3],
        [2, NaN],
        [3, 2],
        [4, 1],
      ] as [number, number][],
    },
  ];
  const [path] = pathsOf(drawChart(chart({ lines }), size));
  expect(path).toHaveLength(3);
});

test('of more points than pixels the least and the most of each pixel stay', () => {
  const points = Array.from({ length: 100_000 }, (_, at): [number, number] => [
    at / 10_000,
    at === 54_321 ? 4 : at % 2,
  ]);
  const svg = drawChart(chart({ lines: [{ name: 'many', points }] }), size);
  const [path] = pathsOf(svg);
  expect(path.length).toBeLessThan(2 * size.width);
  const highest = Math.min(...path.map(([, y]) => y));
  expect(path.filter(([, y]) => y === highest)).toHaveLength(1);
  expect(svg.length).toBeLessThan(20_000);
});

test('times are written as times, and whole numbers have nothing between', () => {
  const seconds = drawChart(chart({ x: { label: 'time', unit: 'seconds', from: 0, to: 150 } }), size);
  expect([...seconds.matchAll(/>(\d+:\d\d)</g)].map(([, time]) => time)).toEqual(['0:00', '1:00', '2:00']);
  const whole = drawChart(chart({ x: { label: 'ahead', unit: 'whole', from: 1, to: 3 } }), size);
  expect(whole).toContain('>2</text>');
  expect(whole).not.toContain('>1.5</text>');
});

test('a mark leads to its place, and a chart without any is an image', () => {
  const marks = [{ x: 5, label: '1', name: 'at 5', id: 'event-1' }];
  const svg = drawChart(chart({ marks }), size);
  expect(svg).toContain('<a href="#event-1" aria-label="1: at 5">');
  expect(svg).toContain('role="group"');
  expect(drawChart(chart(), size)).toContain('role="img"');
});

test('spans are shaded and named where there is room, and the cursor goes from the bottom to the top', () => {
  const spans = [
    { from: 0, to: 9, name: 'known', paint: 'muted' },
    { from: 9, to: 10, name: 'predicted', paint: 'orangeLine' },
  ] as const;
  const svg = drawChart(chart({ spans, cursor: 9 }), size);
  expect(svg).toContain('>known</text>');
  expect(svg).not.toContain('>predicted</text>');
  const [, edge] = /class="orangeLine" fill-opacity="0.12" d="M([\d.]+) /.exec(svg)!;
  const [, from, to] = /class="none text-edge"[^>]* d="M([\d.]+) [\d.]+L([\d.]+) /.exec(svg)!;
  expect([from, to].map(Number)).toEqual([Number(edge), Number(edge)].map((x) => expect.closeTo(x, 0) as number));
  expect(drawChart(chart(), size)).not.toContain('text-edge');
});

test("a chart has the colours of the reader's scheme, dark ones, or leaves them to its page", () => {
  const rules = (...options: Parameters<typeof drawChart>[2][]) =>
    options.map((given) => /<style>(.*)<\/style>/.exec(drawChart(chart(), size, given))?.[1]);
  const [reader, dark, none] = rules(undefined, { colours: 'dark' }, { colours: 'none' });
  expect(reader).toMatch(/@media\(prefers-color-scheme:dark\)\{(.*)\}$/);
  expect(`.none{fill:none}${/dark\)\{(.*)\}$/.exec(reader!)![1]}`).toBe(dark);
  expect(none).toBeUndefined();
  expect(drawChart(chart(), size, { font: 'B612' })).toContain('font-family="B612"');
});

test('a chart of nothing is drawn all the same', () => {
  expect(drawChart(chart({ lines: [], x: { label: 'x' }, y: { label: 'y' } }), size)).not.toContain('NaN');
});
