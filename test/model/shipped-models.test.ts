import { readFileSync } from 'node:fs';
import { describeShippedModel, listShippedModels } from '../../src/model/shipped-models.js';

test('of every model that ships, and of no other, it is said what it is for', () => {
  const said = JSON.parse(readFileSync('models/models.json', 'utf8')) as object;
  expect(Object.keys(said).sort()).toEqual(listShippedModels());
  for (const name of listShippedModels()) expect(describeShippedModel(name)!.for).toMatch(/^[a-z].*[^.]$/);
  expect(describeShippedModel('models/README.md')).toBeNull();
});

test.each(listShippedModels())('the score of %s is the one in the documents', (name) => {
  const { value, unit } = describeShippedModel(name)!.score;
  const shown = value.toFixed(unit === 'bits/dim' ? 3 : 2);
  const isShown = (file: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .some((row) => row.includes(`\`${name}\``) && row.includes(` ${shown} `));
  expect(isShown('models/README.md')).toBe(true);
  if (!name.startsWith('video')) return expect(isShown('docs/results.md')).toBe(true);
  const { bitsPerDim } = JSON.parse(readFileSync(`docs/scores/${name}.json`, 'utf8')) as { bitsPerDim: number };
  expect(shown).toBe(bitsPerDim.toFixed(3));
});
