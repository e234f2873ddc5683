import { consumerFolder, programsOf } from './consumer.js';
import { slowTest } from './extent.js';

const { outputOf } = consumerFolder();

const frameByFrame = programsOf('docs/library.md')[1];

slowTest(
  "the guide's program of single frames gives one of each kind as pasted",
  async () => {
    const bytes = 64 * 64 * 3;
    expect(await outputOf('frames.js', frameByFrame)).toBe(`${bytes}\n${`${bytes} true\n`.repeat(2)}`);
  },
  120_000,
);

slowTest(
  'without a backend that was chosen, nothing is computed slowly in silence',
  async () => {
    const program = frameByFrame.replace('await chooseBackend();', '');
    await expect(outputOf('no-backend.js', program)).rejects.toMatchObject({
      stdout: '',
      stderr: expect.stringMatching(
        /expected a backend chosen before the first tensor, received none; call `await chooseBackend\(\)` first/,
      ) as string,
    });
  },
  120_000,
);
