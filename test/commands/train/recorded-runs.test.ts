import { join } from 'node:path';
import { trainingSection } from '../../../src/commands/train/report-section.js';
import { runSchema } from '../../../src/training/configuration.js';
import { RunFolder } from '../../../src/training/run-folder.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { model } from './tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** The folder of a run of two steps, of a seed, whose validations are against a baseline of the previous frame. */
function recorded(name: string, seed: string, previousFrame: number, validations: [number, number]): string {
  const path = join(folder.path, name);
  const run = new RunFolder(path);
  run.create();
  const data = { type: 'clips', frames: ['clips'] };
  run.writeConfiguration(runSchema.parse({ model: model.description, training: { steps: 2, seed }, data }));
  for (const [at, validation] of validations.entries())
    run.appendLog({ step: at + 1, bitsPerDim: 5, seconds: 1, validation, previousFrame });
  return path;
}

/** The section of some runs, and the warnings about them. */
async function sectionOf(...paths: string[]) {
  const warnings: string[] = [];
  const { blocks } = await trainingSection(paths, 1, (text) => warnings.push(text));
  const titles = (kind: string) => blocks.flatMap((block) => (block.kind === kind ? [block.title ?? ''] : []));
  return { blocks, warnings, charts: titles('series'), texts: titles('text') };
}

test('trainings that validated on different frames are drawn apart, with a warning on how to compare', async () => {
  const a = recorded('a', '1', 4.25, [4, 3.858]);
  const b = recorded('b', '1', 1.5, [1.4, 1.337]);
  const c = recorded('c', '2', 4.25, [4, 3.9]);
  const { warnings, charts, texts } = await sectionOf(a, b, c);
  expect(charts).toEqual([`learning curves of ${a}, ${c}`, `learning curves of ${b}`]);
  expect(warnings).toEqual([
    `these validated on different frames, so that their bits/dim cannot be compared: ${a} and ${c}; ${b}. ` +
      'To score each on the same: pxv eval-video CLIPS --horizon 0 --model RUN. ' +
      'Trainings with the same --validate validate on the same',
  ]);
  expect(texts).toContain('validated on different frames');

  const together = await sectionOf(a, c);
  expect(together).toMatchObject({ warnings: [], charts: ['learning curves'] });
  expect(together.texts).not.toContain('validated on different frames');
});

test('several seeds of one configuration that validated on the same frames have a mean and a spread', async () => {
  const seeds = [3.6, 3.7, 3.8].map((bits, at) => recorded(`seed-${at}`, String(at), 4, [bits, bits + 0.1]));
  const other = recorded('seed-other', '9', 2, [1, 1]);
  const { blocks } = await sectionOf(...seeds, other);
  const table = blocks.find(({ title }) => title === 'seeds of one configuration');
  expect(table).toMatchObject({ rows: [[seeds.join(', '), '3', '3.700', '0.100', '3.800', '0.100']] });
  expect((await sectionOf(seeds[0], other)).blocks.map(({ title }) => title)).not.toContain(table!.title);
});
