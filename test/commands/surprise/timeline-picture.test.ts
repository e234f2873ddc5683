import { drawTimeline } from '../../../src/commands/surprise/timeline-picture.js';
import { frame } from '../../video/made-clips.js';

const box = { x: 1, y: 2, width: 3, height: 2 };
const rows = Array.from({ length: 50 }, (_, at) => ({
  frame: at,
  bits: 1 + (at % 5),
  score: at === 20 ? 3 : 0.5,
  box,
}));
const picture = frame(16, 12, 3, () => 200);
const event = { from: 19, to: 21, peak: 20, score: 3, box, picture };

/** Number of pixels of the colour of labels and boxes of events. */
const orange = ({ data }: { data: Uint8Array }) =>
  data.filter((red, at) => at % 3 === 0 && red === 255 && data[at + 1] === 140 && data[at + 2] === 0).length;

test('a timeline has the frames of its events above its charts, and no room for them where there is none', async () => {
  const withEvent = await drawTimeline(rows, [event], 25);
  const without = await drawTimeline(rows, [], 25);
  expect([withEvent.width, without.width]).toEqual([1200, 1200]);
  expect(withEvent.height - without.height).toBeGreaterThan(150);
  // The outline of the box, two pixels wide at a scale of 12, and the label.
  expect(orange(withEvent)).toBeGreaterThan(2 * 2 * 12 * (3 + 2 - 1));
  expect(orange(without)).toBe(0);
});

test('of more events than there is room for the later ones are left out', async () => {
  const wide = { ...event, picture: frame(400, 150, 3, () => 200) };
  const [two, three] = [2, 3].map((count) => drawTimeline(rows, new Array<typeof wide>(count).fill(wide), 25));
  expect((await three).data).toEqual((await two).data);
});
