import { chooseBackend } from '../../src/backend/choose-backend.js';
import type { Frame } from '../../src/foundation/frame.js';
import { AnomalyScorer, type AnomalyScorerState } from '../../src/anomaly/anomaly-scorer.js';
import type { CostedFrame } from '../../src/anomaly/mean-costs.js';
import {
  fitBaseline,
  scoreAnomalies,
  type AnomalyOptions,
  type AnomalyState,
  type AnomalyScore,
} from '../../src/anomaly/score-anomalies.js';
import { scoreClips } from '../../src/commands/evaluate/score-clips.js';
import { openClip } from '../../src/video/index.js';
import { mixtureTogether, randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { frame } from '../video/made-clips.js';
import { slowTest } from '../extent.js';

const example = 'examples/asl_yes.mkv';
const size = { width: 24, height: 16 };
const conditioning = [{ ...warpedFrames, blockMatching: true, templateMatching: 1, localRegression: true }];
const model = randomModel([tinyNetwork({ size, head: { ...mixtureTogether, meanScale: 4 }, conditioning })]);
let frames: Frame[];
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  const reader = await openClip(example, { size, channels: 3 });
  frames = [];
  for await (const each of reader.frames()) frames.push(each);
});

async function watched(source: readonly Frame[], options?: AnomalyOptions): Promise<AnomalyScore[]> {
  const found: AnomalyScore[] = [];
  for await (const each of scoreAnomalies(model, source, options)) found.push(each);
  return found;
}

slowTest('frames cost what scoring the clip says, each has its map, and the first has nothing before it', async () => {
  const found = await watched(frames, { batch: 8 });
  expect(found.map(({ index }) => index)).toEqual(frames.slice(1).map((_, at) => at + 1));
  const mean = found.reduce((sum, { bits }) => sum + bits, 0) / found.length;
  const { bitsPerDim } = await scoreClips(model, [example], { horizon: 0 });
  expect(mean).toBeCloseTo(bitsPerDim, 5);
  for (const { map, bits } of found.slice(0, 5)) expect(map.reduce((a, b) => a + b) / 24 / 16 / 3).toBeCloseTo(bits, 9);
});

test('no figure depends on how many frames are computed together', async () => {
  const [alone, together] = await Promise.all([
    watched(frames.slice(0, 20)),
    watched(frames.slice(0, 20), { batch: 8 }),
  ]);
  expect(together.map(({ bits, score }) => [bits, score])).toEqual(alone.map(({ bits, score }) => [bits, score]));
});

test('where what is usual was learned, frames count from the first on, and what was learned stays', async () => {
  const usual = await fitBaseline(model, [frames.slice(0, 30)], { frameRate: 30, batch: 8 });
  const before = JSON.stringify(usual);
  const found = await watched(frames.slice(30, 40), { baseline: usual!, frameRate: 30 });
  const { context } = model.chain.exampleShape;
  expect(found[context - 1].score).toBeGreaterThan(0);
  // Frames whose context frames are incomplete cost more, and are no anomaly.
  expect(found.slice(0, context - 1).every(({ score }) => score === 0)).toBe(true);
  expect(JSON.stringify(usual)).toBe(before);
  expect(await fitBaseline(model, [frames.slice(0, 1)])).toBeNull();
});

test('after frames that are missing, frames score 0 until their context frames are complete again', async () => {
  const { context } = model.chain.exampleShape;
  const usual = (await fitBaseline(model, [frames.slice(0, 30)], { frameRate: 30, batch: 8 }))!;
  const source = frames.map((each, index) => ({ ...each, index })).filter(({ index }) => index < 20 || index >= 30);
  const found = await watched(source.slice(0, 30), { baseline: usual, frameRate: 30, batch: 4 });
  expect(found.map(({ index }) => index)).toEqual(source.slice(1, 30).map(({ index }) => index));
  const precedingAt = (wanted: number) => found.find(({ index }) => index === wanted)!.preceding;
  expect([1, 19, 30, 31, 39].map(precedingAt)).toEqual([1, 19, 0, 1, 9]);
  for (const { preceding, score } of found) if (preceding < context) expect(score).toBe(0);
  expect(found.filter(({ index }) => index >= 30 + context).some(({ score }) => score > 0)).toBe(true);
});

test.each([false, true])(
  'a look that goes on from a state, as JSON holds it, finds the same, recorded %s',
  async (isRecorded) => {
    const whole: AnomalyScore[] = [];
    let state: string | null = null;
    for await (const each of scoreAnomalies(model, frames, { batch: 4, frameRate: 5, threshold: 0.2, isRecorded })) {
      whole.push(each);
      if (each.index === 40) state = JSON.stringify(each.state);
    }
    const from = JSON.parse(state!) as AnomalyState;
    const later = await watched(frames, { frameRate: 5, threshold: 0.2, isRecorded, from });
    const figures = ({ index, bits, score, box, events }: AnomalyScore) => ({ index, bits, score, box, events });
    expect(later.map(figures)).toEqual(whole.slice(40).map(figures));
    expect(later[0].score).toBeGreaterThan(0);
  },
);

test('scores go on the same from the state of any frame, to the last', () => {
  const size = { width: 16, height: 16 };
  const maps = Array.from({ length: 60 }, (_, time) =>
    Float64Array.from(
      { length: 256 },
      (_, pixel) => 5 + (time % 7 === 3 ? 3 : 1) * Math.sin(12.9 * pixel + 78.2 * time),
    ),
  );
  const scorerFrom = (state?: AnomalyScorerState) => new AnomalyScorer<{ map: Float64Array }>(size, 10, {}, state);
  const scores = (scorer: AnomalyScorer<{ map: Float64Array }>, from: number) =>
    [...maps.slice(from).flatMap((map) => scorer.add({ map })), ...scorer.end()].map(({ score }) => score);
  const whole = scores(scorerFrom(), 0);
  const scorer = scorerFrom();
  const states: string[] = [];
  const keep = ({ state }: { state: AnomalyScorerState }) => states.push(JSON.stringify(state));
  for (const map of maps) scorer.add({ map }).forEach(keep);
  scorer.end().forEach(keep);
  for (const [at, state] of states.entries()) {
    const later = scores(scorerFrom(JSON.parse(state) as AnomalyScorerState), at + 1);
    expect([at, later]).toEqual([at, whole.slice(at + 1)]);
  }
});

test('frames after an event are its baseline in a recorded clip, and not in a live source', () => {
  const size = { width: 16, height: 16 };
  const scored = [true, false].map((isRecorded) => {
    const scorer = new AnomalyScorer<{ map: Float64Array }>(size, 25, { isRecorded });
    const cost = (time: number, pixel: number) =>
      time === 8 && pixel < 64 ? 15 : 5 + Math.sin(12.9898 * pixel + 78.233 * time);
    const maps = Array.from({ length: 30 }, (_, time) => Float64Array.from({ length: 256 }, (_, at) => cost(time, at)));
    return [...maps.flatMap((map) => scorer.add({ map })), ...scorer.end()].map(({ score }) => score);
  });
  expect(scored[0].indexOf(Math.max(...scored[0]))).toBe(8);
  expect(scored[0][8]).toBeGreaterThan(3);
  expect(Math.max(...scored[0].filter((_, at) => at !== 8))).toBeLessThan(1.5);
  expect(scored[1]).toEqual(new Array<number>(30).fill(0));
});

test('the first two seconds of a live source are its baseline together, and score 0', () => {
  const scorer = new AnomalyScorer<{ map: Float64Array }>({ width: 16, height: 16 }, 25);
  const cost = (time: number, pixel: number) =>
    (time === 75 && pixel < 64 ? 12 : 5) + Math.sin(12.9898 * pixel + 78.233 * time);
  const added = Array.from({ length: 100 }, (_, time) =>
    scorer.add({ map: Float64Array.from({ length: 256 }, (_, pixel) => cost(time, pixel)) }),
  );
  expect(added.slice(0, 49).flat()).toEqual([]);
  const scores = [...added.flat(), ...scorer.end()].map(({ score }) => score);
  expect(scores.slice(0, 50)).toEqual(new Array<number>(50).fill(0));
  expect(scores.slice(50, 75).every((score) => score > 0 && score < 1)).toBe(true);
  expect(scores[75]).toBe(Math.max(...scores));
});

test('a stretch of a third of a second is no event where a source ends, and no score is above 9', () => {
  const scoresOf = (value: number, isHigh: (time: number) => boolean) => {
    const scorer = new AnomalyScorer<{ map: Float64Array }>({ width: 16, height: 16 }, 25);
    const cost = (time: number, pixel: number) =>
      (isHigh(time) && pixel < 64 ? value : 5) + Math.sin(12.9898 * pixel + 78.233 * time);
    const added = Array.from({ length: 500 }, (_, time) =>
      scorer.add({ map: Float64Array.from({ length: 256 }, (_, pixel) => cost(time, pixel)) }),
    );
    return [...added.flat(), ...scorer.end()].map(({ score }) => score);
  };
  // Such stretches are usual, also in the last frames.
  expect(Math.max(...scoresOf(9, (time) => time % 25 >= 16).slice(-13))).toBeLessThan(1);
  expect(Math.max(...scoresOf(16, (time) => time === 400))).toBe(9);
});

test('the first frames of a source can teach what is usual, and are then not given', async () => {
  const found = await watched(frames.slice(0, 40), { baselineFrames: 30, frameRate: 2 });
  const usual = await fitBaseline(model, [frames.slice(0, 30)], { frameRate: 2 });
  const others = await watched(frames.slice(0, 40), { baseline: usual!, frameRate: 2 });
  expect(found.map(({ index }) => index)).toEqual([30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  expect(found[0].score).not.toBe(0);
  // A little less: what precedes the first frame after the baseline is known.
  // The median over the second around the last learned frame has frame 30 in one case alone.
  expect(Math.abs(found.at(-1)!.score - others.at(-1)!.score)).toBeLessThan(0.1);
});

test('a region that costs more than usual stands out, one that costs less does not, and frozen frames do', () => {
  const corner = (pixel: number) => pixel % 32 < 8 && pixel < 8 * 32;
  const noisy = (pixel: number, time: number) => 8 + Math.sin(12.9898 * pixel + 78.233 * time);
  const after = (...changed: ((pixel: number, time: number) => number)[]) => {
    const scorer = new AnomalyScorer<{ map: Float64Array }>({ width: 32, height: 32 }, 10);
    const cost = (time: number) => (time < 100 ? noisy : changed[time - 100]);
    const scored = Array.from({ length: 100 + changed.length }, (_, time) =>
      scorer.add({ map: Float64Array.from({ length: 32 * 32 }, (_, pixel) => cost(time)(pixel, time)) }),
    );
    return [...scored.flat(), ...scorer.end()].slice(100);
  };
  const cornerOf = (value: number) => (pixel: number, time: number) => (corner(pixel) ? value : noisy(pixel, time));
  expect(after(cornerOf(16))[0]).toMatchObject({ box: { x: 0, y: 0, width: 8, height: 8 } });
  expect(after(cornerOf(16))[0].score).toBeGreaterThan(3);
  expect(after(cornerOf(1))[0].score).toBeLessThan(1.5);
  const frozen = after(...[1, 2, 3].map(() => () => 0.1));
  expect(frozen[0].score).toBeLessThan(1.5);
  expect(frozen[2]).toMatchObject({ box: { x: 0, y: 0, width: 32, height: 32 } });
  expect(frozen[2].score).toBeGreaterThan(3);
});

test('frames of other colours than the model has are refused in one line, and an interruption ends it', async () => {
  await expect(watched([frame(24, 16, 1, () => 0), frame(24, 16, 1, () => 1)])).rejects.toThrow(
    /^find anomalies: frame: expected 3 channels, received 1; give frames of the model's colours$/,
  );
  const { baseline } = new AnomalyScorer({ width: 128, height: 64 }, 25);
  await expect(watched(frames.slice(0, 3), { baseline })).rejects.toThrow(
    /^find anomalies: baseline: expected \d+ regions, received \d+ regions; resize all frames to one size$/,
  );
  const sizes = [frames.slice(0, 2), [frame(32, 32, 3, () => 0), frame(32, 32, 3, () => 1)]];
  await expect(fitBaseline(model, sizes)).rejects.toThrow(
    /^find anomalies: frame: expected 24x16 pixels.*received 1024/,
  );
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(watched(frames, { signal: stopped })).rejects.toThrow('stopped');
});

slowTest('a flat surface that appears stands out by its area, though its bits lie at its edge', () => {
  const size = { width: 64, height: 64 };
  const scorer = new AnomalyScorer<CostedFrame>(size, 30, { baselineFrames: 600 });
  const white = frame(64, 64, 3, () => 230);
  const inside = (pixel: number, x: number, y: number, side: number) =>
    pixel % 64 >= x && pixel % 64 < x + side && pixel >= 64 * y && pixel < 64 * (y + side);
  // A small dark thing moves everywhere, and disturbs what is around it. Later a larger one appears.
  const at = (time: number): CostedFrame => {
    const [x, y] = [Math.round(28 + 25 * Math.sin(0.1 * time)), Math.round(28 + 25 * Math.cos(0.07 * time))];
    const isLarge = time === 660;
    const isDark = (pixel: number) => inside(pixel, x, y, 3) || (isLarge && inside(pixel, 44, 44, 9));
    const isEdge = (pixel: number) =>
      inside(pixel, x - 2, y - 2, 7) || (isLarge && inside(pixel, 44, 44, 9) && !inside(pixel, 45, 45, 7));
    const map = Float64Array.from({ length: 64 * 64 }, (_, pixel) =>
      isEdge(pixel) ? 11 : 2 + Math.sin(12.9898 * pixel + 78.233 * time),
    );
    return { map, frame: frame(64, 64, 3, (px, py) => (isDark(64 * py + px) ? 0 : 230)), expected: white };
  };
  const scored = Array.from({ length: 700 }, (_, time) => scorer.add(at(time))).flat();
  scored.push(...scorer.end());
  const scores = scored.map(({ score }) => score);
  expect(scores[660]).toBeGreaterThan(1.5);
  expect(scores[660]).toBe(Math.max(...scores.slice(600)));
  expect(scored[660].box).toMatchObject({ width: 16, height: 16 });
});

slowTest('a flat surface over a noisy background stands out by its difference, though noise costs more bits', () => {
  const grey = frame(64, 64, 3, () => 128);
  const scored = [false, true].map((isSeen) => {
    const scorer = new AnomalyScorer<CostedFrame>({ width: 64, height: 64 }, 30, { isRecorded: true });
    const at = (time: number): CostedFrame => {
      const isBlack = (x: number, y: number) => isSeen && time === 100 && x >= 36 && x < 45 && y >= 20 && y < 29;
      const noise = (pixel: number) => 3 * Math.sin(12.9898 * pixel + 78.233 * time) + Math.sin(time + pixel / 500);
      // Noise cannot be compressed; a flat surface can.
      const map = Float64Array.from({ length: 64 * 64 }, (_, pixel) =>
        isBlack(pixel % 64, pixel >> 6) ? 1 : 11 + noise(pixel),
      );
      return { map, frame: frame(64, 64, 3, (x, y) => (isBlack(x, y) ? 0 : 128 + (time % 3))), expected: grey };
    };
    return [...Array.from({ length: 150 }, (_, time) => scorer.add(at(time))).flat(), ...scorer.end()];
  });
  const [without, withSquare] = scored.map((frames) => frames.map(({ score }) => score));
  expect(Math.max(...without)).toBeLessThan(1.5);
  expect(withSquare[100]).toBeGreaterThan(3);
  expect(Math.max(...withSquare.filter((_, time) => time !== 100))).toBeLessThan(1.5);
  expect(scored[1][100].box).toEqual({ x: 32, y: 16, width: 16, height: 16 });
});

test('key frames cost bits where the scene has details, again and again, and are no event', () => {
  const scorer = new AnomalyScorer<CostedFrame>({ width: 32, height: 32 }, 30, { isRecorded: true });
  const grey = frame(32, 32, 3, () => 100);
  const scored = Array.from({ length: 300 }, (_, time) => {
    const isKey = time % 60 === 59;
    const bits = (pixel: number) => (isKey ? (pixel % 32 < 16 ? 9 : 5) : 0.1) + Math.sin(pixel * pixel + 7 * time) / 9;
    const map = Float64Array.from({ length: 32 * 32 }, (_, pixel) => bits(pixel));
    return scorer.add({ map, frame: frame(32, 32, 3, () => (isKey ? 102 : 100)), expected: grey });
  }).flat();
  scored.push(...scorer.end());
  expect(Math.max(...scored.map(({ score }) => score))).toBeLessThan(1.5);
});

test.each([false, true])('key frames cost bits everywhere and are no event, recorded %s', (isRecorded) => {
  const scorer = new AnomalyScorer<CostedFrame>({ width: 32, height: 32 }, 30, { isRecorded });
  const grey = frame(32, 32, 3, () => 100);
  const length = isRecorded ? 300 : 520;
  const scored = Array.from({ length }, (_, time) => {
    const isKey = time % 250 === 249;
    const noise = (pixel: number) => Math.sin(12.9898 * pixel + 78.233 * time);
    const map = Float64Array.from({ length: 32 * 32 }, (_, pixel) => (isKey ? 9 : 2) + noise(pixel));
    return scorer.add({ map, frame: frame(32, 32, 3, () => (isKey ? 103 : 101)), expected: grey });
  }).flat();
  scored.push(...scorer.end());
  expect(Math.max(...scored.map(({ score }) => score))).toBeLessThan(1.5);
  expect(scored).toHaveLength(length);
});

test('a baseline of no more frames than the model looks back is refused, as all scores would be 0', async () => {
  const { context } = model.chain.exampleShape;
  await expect(watched(frames, { baselineFrames: context })).rejects.toThrow(
    /^find anomalies: baseline: expected more than the model's \d+ context frames?, received \d+ frames?; learn from/,
  );
  expect(await fitBaseline(model, [frames.slice(0, context)])).toBeNull();
  expect(await fitBaseline(model, [frames.slice(0, context + 1)])).not.toBeNull();
  const [next] = await watched(frames.slice(0, context + 2), { baselineFrames: context + 1 });
  expect(next.index).toBe(context + 1);
});
