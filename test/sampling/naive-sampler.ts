import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { frameBytes } from '../../src/foundation/levels.js';
import { anchorsByPixel, runConditioning, runNetwork, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import type { FrameSettings } from '../../src/model/sampling-settings.js';
import type { DrawnImages, ImageBatch } from '../../src/sampling/image-sampler.js';
import { log } from '../elementary.js';
import { distribution } from '../model/reference-heads.js';
import { drawLevel } from './draw-level.js';
import { uniform } from './uniform.js';

/**
 * Draws a batch of images, the first samples of a seed, by the definition: for each sub-pixel the whole network runs
 * over the whole images, whose later sub-pixels are `rubbish`.
 */
export function drawNaively(
  network: Network,
  weights: readonly Float32Array[],
  { scale, conditioningInputs, known }: ImageBatch,
  { seed, samples, frame, settings }: { seed: number; samples: number; frame: number; settings: FrameSettings },
  rubbish: number,
): Omit<DrawnImages, 'expected'> {
  const { size, channels, levels, head } = network.description;
  const parameters = toTensors(weights, network.parameters);
  const probabilities = new Float64Array(levels);
  const batch = samples;
  const dimensions = frameBytes(network.description);
  const images = new Float32Array(batch * dimensions).fill(rubbish);
  const nats = new Float64Array(batch);
  tf.engine().startScope();
  // Neither depends on the image.
  const condition = runConditioning(network, parameters, conditioningInputs());
  const anchors = anchorsByPixel(network, condition, images.length / channels).dataSync();
  for (let subPixel = 0; subPixel < dimensions; subPixel++) {
    const output = tf.tidy(() => {
      const before: Tensor4D = tf.tensor4d(images.slice(), [batch, size.height, size.width, channels]);
      return runNetwork(network, parameters, before, condition);
    });
    const outputs = output.dataSync() as Float32Array;
    output.dispose();
    const position = Math.floor(subPixel / channels);
    const channel = subPixel % channels;
    for (let image = 0; image < batch; image++) {
      const at = image * dimensions + subPixel;
      if (known !== null && known[at] >= 0) {
        images[at] = known[at];
        continue;
      }
      const pixel = Math.floor(at / channels);
      const view = {
        ...{ outputs, outputsAt: (outputs.length / images.length) * channels * pixel },
        ...{ levels: images, levelsAt: channels * pixel },
        ...{ anchors, anchorsAt: (anchors.length / images.length) * channels * pixel },
        anchorCount: anchors.length / images.length,
      };
      const { temperature, maxDeviation = Infinity } = settings;
      const draw = { temperature, maxDeviation: maxDeviation * ((levels - 1) / 255) };
      // Of a mixture the temperature is that of its components, but for the most probable level.
      const ofComponents = head.type === 'logistic-mixture' && temperature !== 0;
      distribution(head, levels, view, channel, ofComponents ? draw : { temperature: 1 }, probabilities);
      const u = uniform(seed, { sample: image, frame, scale }, position, channel);
      const level = drawLevel(probabilities, levels, u, ofComponents ? 1 : temperature);
      if (ofComponents) distribution(head, levels, view, channel, { temperature: 1 }, probabilities);
      nats[image] -= log(probabilities[level]);
      images[at] = level;
    }
  }
  tf.engine().endScope();
  tf.dispose(parameters);
  return { levels: Int16Array.from(images), nats };
}
