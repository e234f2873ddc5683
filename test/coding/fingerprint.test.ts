import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { computeFingerprint } from '../../src/coding/fingerprint.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { modelMetadata, nameWeights, parseModel } from '../../src/model/model.js';
import { encodeSafetensors } from '../../src/model/safetensors-format.js';
import { networks as presets } from '../../src/model/presets.js';
import { framedNetworks, mixtureTogether, randomModel, tinyChain, tinyNetwork } from '../model/tiny-networks.js';

const page = readFileSync('docs/codec-format.md', 'utf8');

/** The list of the page, by the word before it: the names of each row, also where they go on in the next line. */
function listAfter(text: string): Map<string, string[]> {
  const [block] = /(?:^ {4}.*\n)+/m.exec(page.slice(page.indexOf(text)))!;
  const rows = block
    .replace(/\n {19}/g, ' ')
    .trimEnd()
    .split('\n');
  return new Map(rows.map((row) => [row.slice(4, 19).trim(), row.slice(19).split(/[,;] /)]));
}
const keys = listAfter('The keys stand in this order');
const arrays = listAfter('The weights are float32');

type Json = Record<string, unknown>;

/** The text of an object whose keys stand in the page's order. */
function textOf(kind: string, of: Json): string {
  const parts = keys.get(kind)!.flatMap((key) => {
    if (of[key] === undefined) return [];
    const value = key === 'size' ? 'null' : valueOf(key, of[key]);
    return [`"${key}":${value}`];
  });
  return `{${parts.join(',')}}`;
}
const kinds: Record<string, string> = { scales: 'scale', layers: 'layer', conditioning: 'conditioning' };

function valueOf(key: string, value: unknown): string {
  if (key in kinds) return `[${(value as Json[]).map((each) => textOf(kinds[key], each)).join(',')}]`;
  if (['first', 'head', 'gru'].includes(key)) return textOf(key, value as Json);
  return JSON.stringify(value);
}

/** Names of a scale's arrays, in the page's order; more than it has. */
function namesOf({ layers, output, conditioning }: Record<'layers' | 'output' | 'conditioning', Json[]>): string[] {
  const given = conditioning.flatMap(({ type }) => {
    const row = type === 'low-resolution-image' ? 'image before' : 'frames';
    return arrays.get(row)!.map((name) => `${type as string}.${name}`);
  });
  const named = arrays.get('network')!.flatMap((name) => {
    if (name === 'output.0 and on') return output.map((_, index) => `output.${index}`);
    if (name !== 'then each layer') return [name];
    const ofLayer = arrays.get('layer')!.slice(0, -1);
    return layers.flatMap((_, index) => [...ofLayer.map((part) => `layers.${index}.${part}`), `skips.${index}`]);
  });
  return [...given, ...named];
}

/** The fingerprint of a model's file, by the page alone. */
function fingerprintOfFile(file: Uint8Array): string {
  const bytes = Buffer.from(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: metadata, ...found } = JSON.parse(bytes.toString('utf8', 8, begin)) as {
    __metadata__: { description: string };
  } & Record<string, { data_offsets: [number, number] }>;
  const description = JSON.parse(metadata.description) as Json & { scales: Parameters<typeof namesOf>[0][] };
  const hash = createHash('sha256').update(textOf('model', description));
  description.scales.forEach((scale, index) => {
    for (const name of namesOf(scale))
      for (const ending of ['weights', 'bias', 'initial']) {
        const array = found[`scales.${index}.${name}.${ending}`];
        if (array !== undefined) hash.update(bytes.subarray(...array.data_offsets.map((at) => begin + at)));
      }
  });
  return hash.digest('hex').slice(0, 16);
}

/** An object with its keys in the opposite order, and those of all objects in it. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reversed(each)]),
  );
}

const layers = Object.values(presets).map((layer) => layer(6, 'learned'));
test.each<[string, NetworkDescription[]]>([
  ['all layers and skips', [tinyNetwork({ layers, skips: true, output: [6, 7] })]],
  ['a chain', tinyChain({ layers, head: { ...mixtureTogether, meanScale: 0.5 } })],
  ...framedNetworks
    .filter(([name]) => !name.includes('given a small image'))
    .map(([name, network]): [string, NetworkDescription[]] => [name, [network]]),
])('the fingerprint of a model of %s follows from the page, whatever the order of its file', async (_, scales) => {
  const model = randomModel(scales);
  const { description, ...others } = modelMetadata(model);
  const metadata = { description: JSON.stringify(reversed(JSON.parse(description))), ...others };
  const named = [...nameWeights(model.chain.parameters, model.weights)].reverse();
  const parts = encodeSafetensors({ arrays: new Map(named), metadata });
  const file = Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
  const expected = await computeFingerprint(model);
  expect(await computeFingerprint(parseModel(file, 'reversed'))).toBe(expected);
  expect(fingerprintOfFile(file)).toBe(expected);
});
