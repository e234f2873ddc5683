import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { ExampleBuffer } from '../../src/model/examples.js';
import { buildNetwork, conditionOf } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { forms } from '../backend/implementations.js';
import { randomFrames, randomWeights, tinyNetwork, warpedFrames } from './tiny-networks.js';

/** The map and the anchors of a clip and of its mirror image, as values. */
function conditionsOf(mirrored: boolean) {
  const conditioning = [{ ...warpedFrames, context: 3, still: true, blockMatching: true, mirrored }];
  const description = tinyNetwork({ conditioning });
  const network = buildNetwork(description);
  const weights = toTensors(randomWeights(network, 5), network.parameters);
  const frames = randomFrames(description, 4, 6);
  const conditions = [false, true].map((swapped) => {
    const buffer = new ExampleBuffer({ ...description, context: 3 }, 1);
    buffer.add(frames, 4, swapped);
    const { map, anchors } = conditionOf(network, weights, buffer.tensors().given)!;
    return [map, ...anchors];
  });
  const [plain, ofMirrored] = conditions;
  const values = (tensors: Tensor4D[]) => tensors.map((tensor) => tensor.dataSync());
  return { mirrorImages: values(plain.map((tensor) => tf.reverse(tensor, 2))), ofMirrored: values(ofMirrored) };
}

describe.each(forms)('on %s', (form) => {
  beforeEach(() => tf.setBackend(form));

  test('what is averaged with its mirror image is, of a mirrored clip, the mirror image, bit for bit', () => {
    const { mirrorImages, ofMirrored } = conditionsOf(true);
    expect(ofMirrored).toEqual(mirrorImages);
  });

  test('what is not, is another picture', () => {
    const { mirrorImages, ofMirrored } = conditionsOf(false);
    expect(ofMirrored.slice(0, 2)).not.toEqual(mirrorImages.slice(0, 2));
  });
});
