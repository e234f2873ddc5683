import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClip, writeClip, writePanels, type TimeStep } from '../../src/video/index.js';
import { parseNpy } from '../foundation/parse-npy.js';
import { as, collect, frame, staircase, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);
const frameRate = { numerator: 10, denominator: 1 };
const shapeOf = (name: string) => parseNpy(readFileSync(at(name)))!.shape;
const framesOf = async (path: string, channels: 1 | 3) =>
  collect((await openClip(at(path), as(16, 12, channels))).frames());

test.each([1, 3] as const)(
  'frames of %i channels are written as they come, and come back the same',
  async (channels) => {
    const frames = staircase(5, 16, 12, channels);
    const name = `clip-${channels}.npy`;
    const written = await writeClip(at(name), frames, { frameRate });
    expect(written).toEqual({ path: at(name), frames: 5, bytes: readFileSync(at(name)).length });
    expect(shapeOf(name)).toEqual([5, 12, 16, channels]);
    expect(await framesOf(name, channels)).toEqual(frames);
  },
);

/** Two known frames, then two predicted ones, whose truth has ended in the second. */
async function* steps(): AsyncGenerator<TimeStep> {
  const of = (value: number) => frame(16, 12, 3, () => value);
  for (const index of [0, 1, 2, 3]) {
    const predicted = index >= 2;
    const samples = [1, 2].map((sample) => {
      return { label: `sample ${sample}`, frame: of(predicted ? 100 * sample + index : index), predicted };
    });
    yield await Promise.resolve({
      index,
      predicted,
      panels: [{ label: 'truth', frame: index < 3 ? of(index) : null, predicted: false }, ...samples],
    });
  }
}

test('the samples of a prediction are an array, with the known frames in each and without the truth', async () => {
  const written = await writePanels(at('samples.npy'), steps(), { frameRate, scale: 1 });
  expect(written).toMatchObject({ frames: 4, bytes: readFileSync(at('samples.npy')).length });
  expect(shapeOf('samples.npy')).toEqual([2, 4, 12, 16, 3]);
  for (const sample of [1, 2]) {
    const values = (await framesOf(`samples.npy#${sample - 1}`, 3)).map(({ data }) => data[0]);
    expect(values).toEqual([0, 1, 100 * sample + 2, 100 * sample + 3]);
  }
});

test('frames of several sizes leave no file', async () => {
  const frames = [frame(16, 12, 1, () => 1), frame(8, 12, 1, () => 1)];
  await expect(writeClip(at('none.npy'), frames, { frameRate })).rejects.toMatchObject({ code: 'OUTPUT' });
  expect(() => readFileSync(at('none.npy'))).toThrow('ENOENT');
});
