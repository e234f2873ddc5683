import { chooseBackend } from '../../src/backend/choose-backend.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { AnomalyScorer } from '../../src/anomaly/anomaly-scorer.js';
import { DEFAULT_THRESHOLD } from '../../src/anomaly/event-detector.js';
import { frameCosts, type FrameCost } from '../../src/anomaly/frame-costs.js';
import { EVENT, SECOND, madeClips, type MadeClip } from './made-clips.js';

type CostedClip = MadeClip & { costs: FrameCost[] };

const clips: CostedClip[] = [];
let context: number;
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  const model = loadModel('video-64');
  ({ context } = model.chain.exampleShape);
  for (const clip of madeClips()) {
    const costs: FrameCost[] = [];
    // The first frames lack context frames.
    for await (const cost of frameCosts(model, clip.frames, { batch: 8 })) if (cost.index >= context) costs.push(cost);
    clips.push({ ...clip, costs });
  }
}, 600_000);

/** Names of the clips whose event is the highest peak, and of those whose event is found. */
function namesOf(isRecorded: boolean, before: (clip: CostedClip) => FrameCost[]) {
  const peaks = clips.map((clip) => {
    const { width, height } = clip.frames[0];
    const scorer = new AnomalyScorer<FrameCost>({ width, height }, SECOND, { isRecorded });
    const earlier = before(clip);
    const scored = [...earlier, ...clip.costs].flatMap((cost) => scorer.add(cost));
    scored.push(...scorer.end());
    const scores = scored.map(({ score }) => score);
    const score = Math.max(...scores);
    const peak = scores.indexOf(score) - earlier.length + context;
    return { name: clip.name, score, isHighest: peak >= clip.from && peak <= clip.to };
  });
  const highest = peaks.filter(({ isHighest }) => isHighest);
  const found = highest.filter(({ score }) => score >= DEFAULT_THRESHOLD);
  return [highest, found].map((some) => some.map(({ name }) => name));
}

const names = madeClips().map(({ name }) => name);

test('four seconds into a live source all ten events are the highest peak and are found', () => {
  expect(namesOf(false, () => [])).toEqual([names, names]);
});

test('in a recorded clip of six seconds all are the highest peak, and all but one of two seconds are found', () => {
  expect(namesOf(true, () => [])).toEqual([names, names.filter((name) => name !== 'a ball speeds up')]);
});

test('after 38 seconds of a recorded clip all ten events are the highest peak and are found', () => {
  // What the other clips cost before their events differs by noise alone.
  const usual = ({ costs }: CostedClip) => costs.filter(({ index }) => index < EVENT);
  const before = (clip: CostedClip) => clips.filter((other) => other !== clip).flatMap(usual);
  expect(namesOf(true, before)).toEqual([names, names]);
});
