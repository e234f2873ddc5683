import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { temporaryFolder } from '../video/made-clips.js';
import { pxv } from './pxv.js';
import { jsonOf, makeClips, tiny, trainTinyRun } from './tiny-run.js';

const folder = temporaryFolder();
const here = { cwd: folder.path };
beforeAll(async () => {
  await makeClips(folder.path, 3);
  await trainTinyRun(folder.path, pxv);
});
afterAll(folder.remove);

const stepsLogged = () =>
  readFileSync(join(folder.path, 'run', 'log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n').length;

describe('pxv train --resume, of a training that has ended,', () => {
  test('goes on to more steps, and says how good the model has become', async () => {
    const longer = await pxv(['train', '--resume', '--out', 'run', '--steps', '40'], here);
    expect({ code: longer.code, steps: stepsLogged() }).toEqual({ code: 0, steps: 40 });
    expect(longer.stdout).toMatch(
      /^trained \d+ steps, 40 in all, in 0:00:\d\d: run\nbest validation: .* at step \d+, whose weights the model has/,
    );
    expect(longer.stdout).toMatch(/\n(that is \d+\.\d% fewer than|worse than) the previous-frame baseline, \d\.\d{3}/);
    expect(longer.stdout).toMatch(/\nnext: pxv predict CLIP --next 8 --model run\n$/);
  });

  test('says so where nothing is left to do', async () => {
    const again = await pxv(['train', '--resume', '--out', 'run'], here);
    expect({ code: again.code, steps: stepsLogged() }).toEqual({ code: 0, steps: 40 });
    expect(again.stdout).toMatch(
      /^run: nothing to do, for its 40 steps had been done; longer with --steps S or --minutes M\nbest validation: /,
    );
  });

  test('goes on for more minutes', async () => {
    const before = stepsLogged();
    const longer = await pxv(['train', '--resume', '--out', 'run', '--minutes', '0.05', '--json'], here);
    const { code, stderr } = longer;
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const { steps, bestStep, lastBitsPerDim } = jsonOf(longer);
    expect(steps).toBeGreaterThan(before);
    expect(stepsLogged()).toBe(steps);
    expect(bestStep).toBeLessThanOrEqual(steps as number);
    expect(lastBitsPerDim).toBeGreaterThan(0);
    const { training } = JSON.parse(readFileSync(join(folder.path, 'run', 'config.json'), 'utf8')) as RunConfiguration;
    // Fewer where the time was over first.
    expect(steps).toBeLessThanOrEqual(training.pace.at(-1)!.steps);
  });

  test.each([
    [['--steps', '3'], /--steps: expected more than \d+, the steps that are done, received 3; give more steps/],
    [['--steps', '900', '--minutes', '1'], /--minutes: expected one length .*, received --steps and --minutes/],
  ])('with %j is refused', async (length, message) => {
    const before = stepsLogged();
    const { code, stderr } = await pxv(['train', '--resume', '--out', 'run', ...length], here);
    expect({ code, steps: stepsLogged() }).toEqual({ code: 2, steps: before });
    expect(stderr).toMatch(message);
  });
});

test('pxv train says so where the model is worse than the frame before', async () => {
  const outcome = await pxv(['train', '--frames', 'clips', '--out', 'one', ...tiny, '--steps', '1'], here);
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toMatch(/\nworse than the previous-frame baseline, \d\.\d{3}: train longer, with --resume/);
});
