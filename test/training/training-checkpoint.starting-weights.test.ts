import { join } from 'node:path';
import { buildChain } from '../../src/model/chain.js';
import { loadModel, saveModel } from '../../src/model/checkpoint.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { startingWeights } from '../../src/training/training-checkpoint.js';
import { mixture, randomModel, softmax, tinyChain, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

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
  expect(startingWeights(loadModel(path), chain)).toEqual(weights);
});

test('are those of a model at another size, on which no weight depends', () => {
  const { path, weights } = fileOf([tinyNetwork({ size: { width: 6, height: 4 } })]);
  expect(startingWeights(loadModel(path), chainOf([tinyNetwork({ size: { width: 5, height: 7 } })]))).toEqual(weights);
});

const apart = { head: { ...mixture, components: 2 } };
const together = { head: { ...mixture, components: 2, colours: 'together' as const } };
const looking = { conditioning: [{ ...warpedFrames, templateMatching: 2 }] };
const plain = { conditioning: [warpedFrames] };

test.each<[string, Partial<NetworkDescription>, Partial<NetworkDescription>, RegExp]>([
  ['with colours apart, for colours together', apart, together, /with scales\.0\.head\.weights .* received one with /],
  ['with colours together, for colours apart', together, apart, /with scales\.0\.head\.weights .* received one with /],
  ['with another head', { head: softmax }, together, /with scales\.0\.first\.weights .* received one with /],
  ['with fewer layers', { layers: [] }, {}, /with scales\.0\.layers\.0\..* received one without it/],
  ['with more layers', {}, { layers: [] }, /with no other arrays, received one with scales\.0\.layers\.0\./],
  ['without templates', plain, looking, /with scales\.0\.first\.matched\.\S+ .* received one without it/],
  ['with templates', looking, plain, /with no other arrays, received one with scales\.0\.first\.matched\./],
])('a model %s is refused in one line that says what fits', (_, from, to, message) => {
  const { path } = fileOf([tinyNetwork(from)]);
  const start = () => startingWeights(loadModel(path), chainOf([tinyNetwork(to)]));
  expect(start).toThrow(/^start training: .*: expected a model of the same networks, with .*; leave out the model .+$/);
  expect(start).toThrow(message);
});
