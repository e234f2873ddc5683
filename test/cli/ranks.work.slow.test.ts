import { ranksHere, train } from './in-ranks.js';
import { pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const { folder, title, describeHere, inRanks } = ranksHere();

describeHere(`over ${title}`, () => {
  beforeAll(() => pxv([...train, '--out', 'one', '--steps', '3'], { cwd: folder }));

  test('pxv eval-video in two ranks finds what one process finds', async () => {
    const evaluate = ['eval-video', 'clips', '--model', 'one', '--horizon', '2', '--threads', '1', '--json'];
    const found = await Promise.all([pxv(evaluate, { cwd: folder }), inRanks(2, ...evaluate).ended]);
    const [one, two] = found.map((outcome) => ({ ...jsonOf(outcome), seconds: 0 }));
    expect(two).toEqual(one);
  });
});
