import { Philox, purposes } from '../../src/philox.js';
import type { ImageSet } from '../image-set.js';
import { mnist } from '../mnist/mnist.js';

export const dynamicMnist: ImageSet = {
  ...mnist,
  name: 'dynamic-mnist',
  title: 'MNIST binarised anew at each draw: a pixel is on with the probability of its grey level',
  levels: 2,
  async open(folder, split, { seed = 0 } = {}) {
    const grey = await mnist.open(folder, split);
    const pixels = grey.width * grey.height;
    const philox = new Philox(seed);
    return {
      ...grey,
      levels: 2,
      origin: `${grey.origin}, binarised by draws of seed ${seed}`,
      read(index, into, draw = 0) {
        grey.read(index, into);
        for (let pixel = 0; pixel < pixels; pixel++) {
          // Black and white are certain, and four pixels in five are black.
          if (into[pixel] === 0 || into[pixel] === 255) continue;
          const on = philox.uniform(index, draw, pixel, purposes.binarisation) < into[pixel] / 255;
          into[pixel] = on ? 255 : 0;
        }
      },
    };
  },
};
