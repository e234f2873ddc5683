import {
  resizeModel,
  bestGuess,
  frameCosts,
  FrameHistory,
  FrameSampler,
  rollOut,
  scoreAnomalies,
  type Frame,
  type Model,
} from '../../src/browser/index.js';

const size = { width: 24, height: 18 };

/** A square that moves over a slope, a pixel a frame. */
const frames = Array.from({ length: 8 }, (_, at): Frame => {
  const data = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const isSquare = x >= at + 3 && x < at + 9 && y >= 5 && y < 12;
      data.set(isSquare ? [220, 40, 90] : [5 * x, 8 * y, 3 * (x + y)], 3 * (y * size.width + x));
    }
  return { ...size, channels: 3, data };
});

/** Everything that a page computes, as numbers. The same wherever the arithmetic is. */
export async function compute(trained: Model) {
  const model = resizeModel(trained, size);
  const sampler = new FrameSampler(model);
  const history = new FrameHistory(model.chain.exampleShape);
  for (const { data } of frames) history.push(data);
  const guessed = (await bestGuess(sampler, history).next()).value;
  const [drawn] = (await rollOut(sampler, history, { seed: 5 }).next()).value;
  const maps: number[][] = [];
  const expected: number[][] = [];
  for await (const frame of frameCosts(model, frames)) {
    maps.push([...frame.map]);
    expected.push([...frame.expected!.data]);
  }
  const scores: number[] = [];
  for await (const { score } of scoreAnomalies(model, frames, { frameRate: 2 })) scores.push(score);
  sampler.dispose();
  return { guessed: [...guessed], drawn: [...drawn.bytes], nats: drawn.nats, maps, expected, scores };
}
