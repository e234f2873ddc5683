import { mixtureNats } from '../../src/evaluation/mixture.js';
import type { ImageShape } from '../../src/foundation/levels.js';
import { Philox } from '../../src/foundation/philox.js';

const philox = new Philox(21n);
const uniform = (...of: number[]) => philox.uniform(of[0], of[1] ?? 0, of[2] ?? 0, of[3] ?? 0);

/** Nats of a prediction that knows a part of the image better than the rest. */
function prediction(stream: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, at) => 4 * uniform(stream, at) + (at % 7 === stream ? 2 : 0));
}

test.each([1, 3] as const)('the shares are those of the pixels nearby, as written down: %i channels', (channels) => {
  const height = 6;
  const width = 9;
  const shape: ImageShape = { size: { width, height }, channels, levels: 256 };
  const predictions = [1, 2, 3].map((stream) => prediction(stream, height * width * channels));
  const mixed = mixtureNats(shape, predictions);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const shares = predictions.map((nats, index) => {
        let evidence = index === 0 ? 0 : -1;
        for (let down = -3; down <= 0; down++)
          for (let across = -3; across <= 3; across++) {
            if (down === 0 && across >= 0) continue;
            if (y + down < 0 || x + across < 0 || x + across >= width) continue;
            const first = ((y + down) * width + x + across) * channels;
            const sum = nats.slice(first, first + channels).reduce((all, value) => all + value, 0);
            evidence -= 0.3 * Math.exp(-(down * down + across * across) / 8) * sum;
          }
        return Math.exp(evidence);
      });
      let before = shares.reduce((sum, share) => sum + share);
      for (let c = 0; c < channels; c++) {
        const at = (y * width + x) * channels + c;
        predictions.forEach((nats, index) => (shares[index] *= Math.exp(-nats[at])));
        const after = shares.reduce((sum, share) => sum + share);
        expect(mixed[at]).toBeCloseTo(Math.log(before / after), 5);
        before = after;
      }
    }
});

test('a single prediction stays what it is, and so do those that are alike', () => {
  const shape: ImageShape = { size: { width: 4, height: 3 }, channels: 3, levels: 256 };
  const alone = prediction(4, 36);
  for (const mixed of [mixtureNats(shape, [alone]), mixtureNats(shape, [alone, alone, alone])])
    mixed.forEach((nats, at) => expect(nats).toBeCloseTo(alone[at], 5));
});

test('where one prediction holds, little is lost to the others, wherever it stands', () => {
  const shape: ImageShape = { size: { width: 16, height: 16 }, channels: 3, levels: 256 };
  const [good, bad] = [1, 5].map((nats) => new Float32Array(16 * 16 * 3).fill(nats));
  for (const predictions of [
    [good, bad],
    [bad, good],
  ]) {
    const mean = mixtureNats(shape, predictions).reduce((sum, nats) => sum + nats, 0) / (16 * 16 * 3);
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(1.01);
  }
});

test('what predictions say of all images sums to one, and so does their mixture', () => {
  const height = 2;
  const width = 3;
  const levels = 2;
  const shape: ImageShape = { size: { width, height }, channels: 1, levels };
  const length = height * width;
  // Of each pixel any function of those before it.
  const natsOf = (image: number[], stream: number) =>
    Float32Array.from(image, (level, at) => {
      const before = image.slice(0, at).reduce((sum, value, place) => sum + value * 2 ** place, 0);
      const one = 0.02 + 0.96 * uniform(stream, at, before, 7);
      return -Math.log(level === 1 ? one : 1 - one);
    });
  let sum = 0;
  for (let number = 0; number < 2 ** length; number++) {
    const image = Array.from({ length }, (_, at) => (number >> at) & 1);
    const mixed = mixtureNats(
      shape,
      [10, 11, 12].map((stream) => natsOf(image, stream)),
    );
    sum += Math.exp(-mixed.reduce((all, nats) => all + nats, 0));
  }
  expect(sum).toBeCloseTo(1, 5);
});
