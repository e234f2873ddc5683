import { chooseBackend } from '../../src/backend/choose-backend.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { AnomalyScorer } from '../../src/anomaly/anomaly-scorer.js';
import { DEFAULT_THRESHOLD } from '../../src/anomaly/event-detector.js';
import { frameCosts, type FrameCost } from '../../src/anomaly/score-anomalies.js';
import { EVENT, SECOND, madeClips, type MadeClip } from './made-clips.js';

type CostedClip = MadeClip & { costs: FrameCost[] };

const clips: CostedClip[] = [];
let context: number;
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  const model = loadModel('video-64-small');
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
const without = (...missed: string[]) => names.filter((name) => !missed.includes(name));

test('four seconds into a live source nine of ten events are the highest peak, and six are found', () => {
  // Without the ball the full frame stays cheaper than before: that peak follows 0.4 seconds later.
  expect(namesOf(false, () => [])).toEqual([
    without('a ball vanishes'),
    without('a ball turns back', 'a dropped frame', 'a stranger walks in', 'a ball vanishes'),
  ]);
});

test('after 38 seconds of a recorded clip each event is the highest peak, and nine of ten are found', () => {
  // What the other clips cost before their events differs by noise alone.
  const usual = ({ costs }: CostedClip) => costs.filter(({ index }) => index < EVENT);
  const before = (clip: CostedClip) => clips.filter((other) => other !== clip).flatMap(usual);
  expect(namesOf(true, before)).toEqual([names, without('a ball turns back')]);
});
