import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableSets, bf16Sets } from '../backend/implementations.js';
import { pxvInProcess } from '../cli/in-process.js';
import { warpedFrames } from '../model/tiny-networks.js';
import { pngClip } from '../commands/train/tiny-clips.js';
import { tinyRun } from '../training/moving-square.js';
import { temporaryFolder } from '../video/made-clips.js';
import { isThorough } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);

const networks = {
  'pixel-cnn': {},
  'warped-frames': { conditioning: [warpedFrames] },
  'diagonal-bilstm': {
    layers: [{ type: 'diagonal-bilstm' as const, hidden: 4, initialState: 'zero' as const }],
    skips: false,
  },
};
const names = Object.keys(networks) as (keyof typeof networks)[];

beforeAll(async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 6 + index);
  for (const name of names)
    writeFileSync(at(`${name}.json`), JSON.stringify(tinyRun({ steps: 4, batch: 3, validations: 2 }, networks[name])));
});

const counts = isThorough ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 3];
const sets = isThorough ? availableSets : availableSets.slice(-1);
const precisions = (set: string) =>
  isThorough && bf16Sets.some(({ instructionSet }) => instructionSet === set) ? ['bf16'] : [];
const cases = sets.flatMap((set) =>
  ['float32', ...precisions(set)].flatMap((precision) =>
    (isThorough && set === sets.at(-1) ? names : names.slice(0, 1)).map((name) => ({ set, precision, name })),
  ),
);

/** The bytes that a training, a prediction, a coded clip and a search of anomalies leave. */
async function madeBy(
  { set, precision, name }: (typeof cases)[number],
  threads: number,
): Promise<Record<string, string>> {
  const own = `${set}-${precision}-${name}-${threads}`;
  const computing = ['--threads', String(threads), '--instruction-set', set, '--quiet'];
  const run = async (...args: string[]) =>
    expect(await pxvInProcess([...args, ...computing], { cwd: folder.path })).toMatchObject({ code: 0 });
  await run('train', '--config', `${name}.json`, '--out', own, '--precision', precision);
  await run('predict', 'clips/c', '--model', own, '--samples', '3', '--next', '2', '--out', `${own}.png`);
  await run('encode', 'clips/c', '--model', own, '--out', `${own}.pxv`);
  await run('surprise', 'clips/c', '--model', own, '--out', `${own}-found`);
  const files = {
    state: join(own, 'training.safetensors'),
    prediction: `${own}.png`,
    coded: `${own}.pxv`,
    timeline: join(`${own}-found`, 'timeline.csv'),
  };
  return Object.fromEntries(Object.entries(files).map(([what, file]) => [what, readFileSync(at(file), 'latin1')]));
}

test.each(cases)(`$set in $precision, $name: ${counts.join(', ')} threads leave the same bytes`, async (one) => {
  const alone = await madeBy(one, counts[0]);
  for (const threads of counts.slice(1)) {
    const made = await madeBy(one, threads);
    for (const [what, bytes] of Object.entries(made))
      expect({ threads, what, isSame: bytes === alone[what] }).toEqual({ threads, what, isSame: true });
  }
});
