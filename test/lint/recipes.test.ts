import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { loadModel } from '../../src/model/checkpoint.js';
import { listShippedModels } from '../../src/model/shipped-models.js';
import { runSchema } from '../../src/training/configuration.js';

const recipes = readdirSync('recipes').filter((name) => name.endsWith('.json'));

function read(recipe: string) {
  const { data, ...request } = JSON.parse(readFileSync(`recipes/${recipe}`, 'utf8')) as { data?: { list?: string } };
  // Clips are found by a list, or named on the command line.
  const isNamed = data !== undefined && data.list === undefined;
  return runSchema.parse({ ...request, data: isNamed ? data : { type: 'clips', frames: ['clips/'] } });
}

test.each(recipes)('%s is the configuration of a training', (recipe) => {
  expect(() => read(recipe)).not.toThrow();
});

const madeByRecipe = listShippedModels()
  .map((name) => ({ ...loadModel(name), name }))
  .filter(({ origin }) => origin !== null);

// Without any such model jest refuses the empty table.
test.each(madeByRecipe)('$name names its recipe, the one of its name as it stands here', (shipped) => {
  const { name, description, drawing, origin } = shipped;
  const { model, drawing: asked } = read(`${name}.json`);
  expect(model).toEqual(description);
  expect(asked).toEqual(drawing);
  const recipe = readFileSync(`recipes/${name}.json`);
  expect(origin!.recipe).toBe(createHash('sha256').update(recipe).digest('hex'));
});

test('the list of clips has each once, with its hash, its licence and where it can be had', () => {
  const [titles, ...rows] = readFileSync('recipes/clips.tsv', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  const of = (row: string[], title: string) => row[titles.indexOf(title)];
  expect(new Set(rows.map((row) => of(row, 'file'))).size).toBe(rows.length);
  for (const row of rows) {
    expect(row.length).toBe(titles.length);
    expect(of(row, 'sha256')).toMatch(/^[0-9a-f]{64}$/);
    expect(of(row, 'licence')).toMatch(
      /^(CC0-1\.0|CC-BY-[34]\.0|MIT|Apache-2\.0|BSD-[23]-Clause|Apache-2\.0 AND BSD-3-Clause|BSD-3-Clause-Clear)$/,
    );
    expect(of(row, 'credit') === '').toBe(!of(row, 'licence').startsWith('CC-BY'));
    for (const title of ['origin', 'path', 'made']) expect(of(row, title)).not.toBe('');
    // Clips that a program of pxv makes are of its own version.
    expect(of(row, 'version') === '').toBe(of(row, 'origin') === 'pxv');
  }
});
