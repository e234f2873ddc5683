import { readdirSync, readFileSync } from 'node:fs';
import { drawings } from '../../scripts/drawings/index.js';
import { networkOf, opNamed } from '../../scripts/drawings/networks.js';
import { maskDrawing } from '../../scripts/drawings/masks.js';
import { Drawing } from '../../scripts/drawings/drawing.js';
import { chooseBackend } from '../../src/backend/choose-backend.js';

beforeAll(() => chooseBackend({ backend: 'cpu' }));

const names = Object.keys(drawings);

/** Bytes that a drawing may take: the documents are to stay small. */
const LARGEST = 40_000;

test.each(names)('docs/drawings/%s.svg is what the code draws today, and small', (name) => {
  const drawn = drawings[name]();
  const remedy = 'run `npm run build && node dist/scripts/draw.js`';
  const isSame = readFileSync(`docs/drawings/${name}.svg`, 'utf8') === drawn;
  expect(isSame ? 'the same' : remedy).toBe('the same');
  expect(drawn.length).toBeLessThan(LARGEST);
});

test('docs/drawings holds nothing else, and the documents show each of them', () => {
  expect(readdirSync('docs/drawings').sort()).toEqual(names.map((name) => `${name}.svg`).sort());
  const guides = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const documents = ['README.md', ...guides.map((name) => `docs/${name}`)].map((path) => readFileSync(path, 'utf8'));
  const shown = [...documents.join('').matchAll(/!\[.+\]\((?:docs\/)?drawings\/(.+)\.svg\)/g)];
  expect([...new Set(shown.map(([, name]) => name))].sort()).toEqual([...names].sort());
});

test('a drawing follows the code: without the tap on the left, the masks are drawn otherwise', () => {
  const size = { width: 9, height: 9 };
  const { program } = networkOf({ name: 'pixel-cnn', size, channels: 3, layers: 1 });
  expect(maskDrawing(program)).toBe(drawings.masks());
  const first = opNamed(program, 'first');
  if (first.op !== 'conv') throw new TypeError('the first layer is a convolution');
  const shape = { ...first.shape, taps: first.shape.taps.filter(({ dy, dx }) => dy !== 0 || dx !== -1) };
  const ops = program.ops.map((op) => (op === first ? { ...first, shape } : op));
  expect(maskDrawing({ ...program, ops })).not.toBe(drawings.masks());
});

test('words are escaped, and only the colours that are used are told', () => {
  const drawing = new Drawing(10, 10, 'a < b');
  drawing.text(1, 2, 'R & G', { paint: 'muted' });
  const svg = drawing.toString();
  expect(svg).toContain('<title>a &lt; b</title>');
  expect(svg).toContain('>R &amp; G</text>');
  expect(svg).toContain('.muted{');
  expect(svg).not.toContain('.red{');
});
