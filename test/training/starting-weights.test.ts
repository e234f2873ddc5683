import { join } from 'node:path';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { buildChain, type Chain } from '../../src/model/chain.js';
import { loadModel, saveModel } from '../../src/model/checkpoint.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { toTensors } from '../../src/model/model.js';
import { deepenDescription } from '../../src/model/resize-description.js';
import { startingWeights } from '../../src/training/starting-weights.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import {
  mixture,
  randomExamples,
  randomModel,
  softmax,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => chooseBackend({ threads: 1 }));

let saved = 0;
function fileOf(scales: NetworkDescription[]) {
  const model = randomModel(scales);
  const path = join(folder.path, `${saved++}.safetensors`);
  saveModel(path, model);
  return { path, ...model };
}
const chainOf = (scales: NetworkDescription[]) => buildChain({ version: 1, scales });

test('are those of a model of the same networks', () => {
  const { path, chain, weights } = fileOf(tinyChain());
  expect(startingWeights(loadModel(path), chain, 1n)).toEqual(weights);
});

test('are those of a model at another size, on which no weight depends', () => {
  const { path, weights } = fileOf([tinyNetwork({ size: { width: 6, height: 4 } })]);
  expect(startingWeights(loadModel(path), chainOf([tinyNetwork({ size: { width: 5, height: 7 } })]), 1n)).toEqual(
    weights,
  );
});

const block = { type: 'pixel-cnn-block', hidden: 6 } as const;
const rowLstm = { type: 'row-lstm', hidden: 6, initialState: 'learned' } as const;

test.each<[string, Partial<NetworkDescription>]>([
  ['pixel-cnn', {}],
  ['pixel-cnn with skip connections', { skips: true }],
  ['row-lstm', { layers: [rowLstm] }],
  ['diagonal-bilstm', { layers: [{ ...rowLstm, type: 'diagonal-bilstm' }] }],
])('a deeper %s network starts with the same likelihoods, and all its new layers can learn', (_, changes) => {
  const scales = [tinyNetwork(changes)];
  const { path, chain, weights } = fileOf(scales);
  const deeper = buildChain(deepenDescription({ version: 1, scales }, 4));
  const grown = startingWeights(loadModel(path), deeper, 7n);
  const nats = (of: Chain, values: Float32Array[]) =>
    natsOfExamples(of, toTensors(values, of.parameters), randomExamples(scales[0], 2, 3));
  expect(nats(deeper, grown)).toEqual(nats(chain, weights));
  const added = deeper.parameters.flatMap(({ name }, index) =>
    chain.parameters.some((held) => held.name === name) ? [] : [{ name, values: grown[index] }],
  );
  expect(added.length).toBeGreaterThan(0);
  for (const { name, values } of added)
    if (!name.endsWith('.initial'))
      expect({ name, isZero: values.every((value) => value === 0) }).toEqual({ name, isZero: /up|skips/.test(name) });
  expect(startingWeights(loadModel(path), deeper, 8n)).not.toEqual(grown);
});

const apart = { head: { ...mixture, components: 2 } };
const together = { head: { ...mixture, components: 2, colours: 'together' as const } };
const looking = { conditioning: [{ ...warpedFrames, templateMatching: 2 }] };
const plain = { conditioning: [warpedFrames] };

test.each<[string, Partial<NetworkDescription>, Partial<NetworkDescription>, RegExp]>([
  ['with colours apart, for colours together', apart, together, /with scales\.0\.head\.weights .* received one with /],
  ['with colours together, for colours apart', together, apart, /with scales\.0\.head\.weights .* received one with /],
  ['with another head', { head: softmax }, together, /with scales\.0\.first\.weights .* received one with /],
  [
    'with another kind of layer, for more layers of this kind',
    { layers: [rowLstm] },
    { layers: [block, block] },
    /with scales\.0\.layers\.0\.down\.weights .* received one with scales\.0\.layers\.0\.map/,
  ],
  [
    'with fewer features, for more layers',
    { layers: [{ ...block, hidden: 3 }] },
    { layers: [block, block] },
    /with scales\.0\.layers\.0\.down\.weights 1x1x12x6, received one with .* 1x1x12x3/,
  ],
  ['with more layers', {}, { layers: [] }, /with no other arrays, received one with scales\.0\.layers\.0\./],
  ['without templates', plain, looking, /with scales\.0\.first\.matched\.\S+ .* received one without it/],
  ['with templates', looking, plain, /with no other arrays, received one with scales\.0\.first\.matched\./],
])('a model %s is refused in one line that says what fits', (_, from, to, message) => {
  const { path } = fileOf([tinyNetwork(from)]);
  const start = () => startingWeights(loadModel(path), chainOf([tinyNetwork(to)]), 1n);
  expect(start).toThrow(/^start training: .*: expected a model of the same networks, with .*; leave out the model .+$/);
  expect(start).toThrow(message);
});
