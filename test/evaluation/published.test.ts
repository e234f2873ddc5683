import { imageSets } from '../../datasets/index.js';
import { publishedScores } from '../../src/evaluation/published.js';

test('published figures are of data sets that are known, the best first', () => {
  const names = imageSets.map(({ name }) => name);
  for (const [set, { scores }] of Object.entries(publishedScores)) {
    expect(names).toContain(set);
    const values = scores.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  }
});
