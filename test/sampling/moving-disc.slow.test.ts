import { FrameHistory } from '../../src/conditioning/context/examples.js';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { bestGuess } from '../../src/sampling/forecaster.js';
import { FrameSampler } from '../../src/sampling/frame-sampler.js';
import { randomNumbers } from '../random.js';

const SIDE = 64;
const RADIUS = 4;
const KNOWN = 4;

/** Returns a function that renders a disc at a centre, over a texture of random waves. */
function discOverTexture(seed: number): (x: number, y: number) => Uint8Array {
  const random = randomNumbers(seed);
  const waves = Array.from({ length: 12 }, () => ({
    down: 0.8 * random() - 0.4,
    right: 0.8 * random() - 0.4,
    phase: 2 * Math.PI * random(),
    colour: [8 * random(), 8 * random(), 8 * random()],
  }));
  const textureAt = (y: number, x: number, channel: number) =>
    waves.reduce(
      (sum, { down, right, phase, colour }) => sum + colour[channel] * Math.sin(down * y + right * x + phase),
      110,
    );
  const texture = Float32Array.from({ length: SIDE * SIDE * 3 }, (_, at) =>
    textureAt(Math.floor(at / (3 * SIDE)), Math.floor(at / 3) % SIDE, at % 3),
  );
  return (centreX, centreY) =>
    Uint8Array.from(texture, (level, at) => {
      const distance = Math.hypot((Math.floor(at / 3) % SIDE) - centreX, Math.floor(at / (3 * SIDE)) - centreY);
      const opacity = Math.min(1, Math.max(0, RADIUS + 0.5 - distance));
      return Math.round((1 - opacity) * level + opacity * [230, 60, 40][at % 3]);
    });
}

const squaredError = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, level, at) => sum + (level - b[at]) ** 2, 0);

/** Returns how far from a place, in pixels, the rendered disc is nearest to a frame. */
function distanceFrom(frame: Uint8Array, render: (x: number, y: number) => Uint8Array, x: number, y: number): number {
  let nearest = { error: Infinity, distance: Infinity };
  for (let down = -6; down <= 6; down += 0.5)
    for (let right = -6; right <= 6; right += 0.5) {
      const error = squaredError(frame, render(x + right, y + down));
      if (error < nearest.error) nearest = { error, distance: Math.hypot(down, right) };
    }
  return nearest.distance;
}

const model = loadModel('video-64');
beforeAll(() => chooseBackend());

test.each([1, 2, 3, 4])(
  'a disc that moves %d pixels a frame moves on in the best guess, and stays whole',
  async (speed) => {
    const render = discOverTexture(speed);
    const placeAt = (frame: number) => [32 + 0.8 * speed * (frame - 6), 30 + 0.6 * speed * (frame - 6)] as const;
    const history = new FrameHistory(model.chain.exampleShape);
    for (let frame = 0; frame < KNOWN; frame++) history.push(render(...placeAt(frame)));
    const sampler = new FrameSampler(model);
    const guesses: Uint8Array[] = [];
    for await (const bytes of bestGuess(sampler, history)) {
      guesses.push(bytes.slice());
      if (guesses.length === 4) break;
    }
    sampler.dispose();

    const [x, y] = placeAt(KNOWN);
    const truth = render(x, y);
    expect(squaredError(guesses[0], truth)).toBeLessThan(2 * squaredError(render(x + 0.5, y), truth));
    expect(distanceFrom(guesses[3], render, ...placeAt(KNOWN + 3))).toBeLessThanOrEqual(1);
  },
);
