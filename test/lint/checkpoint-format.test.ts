import { readFileSync } from 'node:fs';
import { buildChain } from '../../src/model/chain.js';
import { conditionings } from '../../src/conditioning/index.js';
import { loadModel } from '../../src/model/checkpoint.js';
import type { ModelDescription, NetworkDescription } from '../../src/model/description.js';
import { networks as presets } from '../../src/model/presets.js';
import { uniform } from '../sampling/uniform.js';
import { framedNetworks, tinyChain, tinyNetwork, tinyNetworks } from '../model/tiny-networks.js';

const page = readFileSync('docs/checkpoint-format.md', 'utf8');

/** The rows of the first indented list after a text: the names of arrays, and their shape. */
function listAfter(text: string): [string[], string][] {
  const start = page.indexOf(text);
  if (start < 0) throw new RangeError(`the page does not say ${text}`);
  const [list] = /(?:^ {4}\S.*\n)+/m.exec(page.slice(start))!;
  return [...list.matchAll(/^ {4}(.+?) +(\[.+?\])/gm)].map(([, names, shape]) => [names.split(', '), shape]);
}

/** Arrays of a conditioning: those that read frames share the trunk's, and may have more of their own. */
function conditioningArrays(type: string): [string[], string][] {
  const own = type === 'previous-frames' ? [] : listAfter(`**\`${type}\`**`);
  return type.endsWith('frames') ? [...listAfter('**Trunk**'), ...own] : own;
}

/** Names of arrays as the page gives them, without `.weights` and `.bias`, with the shapes that it gives. */
const documented = [
  ...listAfter('## Arrays'),
  ...Object.keys(conditionings).flatMap((type) =>
    conditioningArrays(type).map(([names, shape]): [string[], string] => [
      names.map((name) => `${type}.${name}`),
      shape,
    ]),
  ),
].flatMap(([names, shape]) => names.map((name) => ({ name, shape })));

const layers = Object.values(presets).map((layer) => layer(6, 'learned'));
const networks: [string, NetworkDescription[]][] = [
  ...tinyNetworks
    .filter(([, { conditioning }]) => conditioning.every(({ type }) => type !== 'low-resolution-image'))
    .map(([name, network]): [string, NetworkDescription[]] => [name, [network]]),
  ...framedNetworks
    .filter(([name]) => /eighth|looked for in/.test(name))
    .map(([name, network]): [string, NetworkDescription[]] => [name, [network]]),
  ['all layers with skips', [tinyNetwork({ layers, skips: true })]],
  ['a chain of all layers', tinyChain({ layers })],
];

/**
 * The page's name of a parameter: indices of blocks, layers and outputs as letters, without its scale and its ending.
 */
function nameOnPage(parameter: string): string {
  return parameter
    .replace(/^scales\.\d+\./, '')
    .replace(/\.(weights|bias|initial)$/, '')
    .replace(/^(layers|skips)\.\d+/, '$1.<i>')
    .replace(/^output\.\d+/, 'output.<j>');
}

/** Sides that a shape on the page gives as numbers. */
const numbers = (shape: string) =>
  shape
    .replace(/^\[|\].*$/g, '')
    .split(',')
    .map(Number);

test.each(networks)('the page has every array of %s, with its kernel', (_, scales) => {
  for (const { name, shape } of buildChain({ version: 1, scales }).parameters) {
    const found = documented.filter((each) => each.name === nameOnPage(name));
    expect({ name, found: found.length > 0 }).toEqual({ name, found: true });
    if (!name.endsWith('.weights')) continue;
    const fits = found.some((each) => numbers(each.shape).every((side, axis) => isNaN(side) || side === shape[axis]));
    expect({ name, fits }).toEqual({ name, fits: true });
  }
});

test('the page has no array that no network has', () => {
  const parameters = networks.flatMap(([, scales]) => buildChain({ version: 1, scales }).parameters);
  const used = new Set(parameters.map(({ name }) => nameOnPage(name)));
  expect(documented.filter(({ name }) => !used.has(name))).toEqual([]);
});

test('an array that the page lacks would be missed, and one of another kernel', () => {
  expect(documented.map(({ name }) => name)).not.toContain(nameOnPage('scales.0.layers.1.wider.weights'));
  const wide = documented.find(({ name }) => name === 'layers.<i>.wide')!;
  expect(numbers(wide.shape).slice(0, 2)).toEqual([3, 3]);
});

test("the page's description is that of video-64 as it ships, with one layer in the place of its equal ones", () => {
  const shown = JSON.parse(/^```json\n([^]+?)^```/m.exec(page)![1]) as ModelDescription;
  const [network] = loadModel('video-64').description.scales;
  const [layer, ...others] = network.layers;
  for (const other of others) expect(other).toEqual(layer);
  expect(shown).toEqual({ version: 1, scales: [{ ...network, layers: [layer] }] });
  expect(others).toHaveLength(4);
  expect(page).toContain('which has five equal layers where one stands here');
});

test("the page's random numbers are those that pxv draws from", () => {
  const [list] = /(?:^ {4}.*\n)+/m.exec(page.slice(page.indexOf('To check an implementation')))!;
  const [, ...rows] = list
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));
  expect(rows.map(([seed]) => seed)).toEqual(['1', '1', '0xFEDCBA9876543210']);
  for (const [seed, ...rest] of rows) {
    const [sample, frame, position, channel, scale, c0] = rest.map(Number);
    expect(uniform(BigInt(seed), { sample, frame, scale }, position, channel)).toBe((c0 + 0.5) / 2 ** 32);
  }
});
