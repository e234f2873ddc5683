import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { consumerFolder, programsOf } from './consumer.js';

const { path: folder, outputOf } = consumerFolder();

/** The guide's programs, in order. */
const [predicting, frameByFrame, training] = programsOf('docs/library.md');

test("the guide's program scores and predicts as pasted", async () => {
  const stdout = await outputOf('predict.js', predicting);
  expect(stdout).toMatch(/^\d\.\d{3} bits\/dim, previous frame \d\.\d{3}\n$/);
  expect(existsSync(join(folder, 'futures.gif'))).toBe(true);
}, 120_000);

test("the guide's program trains as pasted", async () => {
  expect(await outputOf('train.js', training)).toBe('10 steps: runs/library\n');
  expect(existsSync(join(folder, 'runs', 'library', 'model.safetensors'))).toBe(true);
}, 120_000);

test("the guide's program of single frames gives one of each kind as pasted", async () => {
  const bytes = 64 * 64 * 3;
  expect(await outputOf('frames.js', frameByFrame)).toBe(`${bytes}\n${`${bytes} true\n`.repeat(2)}`);
}, 120_000);

test('without a backend that was chosen, nothing is computed slowly in silence', async () => {
  const program = frameByFrame.replace('await chooseBackend();', '');
  await expect(outputOf('no-backend.js', program)).rejects.toMatchObject({
    stdout: '',
    stderr: expect.stringMatching(
      /expected a backend chosen before the first tensor, received none; call `await chooseBackend\(\)` first/,
    ) as string,
  });
}, 120_000);
