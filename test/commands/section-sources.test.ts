import { loadSectionSources } from '../../src/commands/section-sources.js';

test('parts of a report come from those that have one: results first, then clips', async () => {
  const sources = await loadSectionSources();
  expect(sources.map(({ reads }) => reads).sort()).toEqual(['clips', 'results', 'results', 'results']);
});
