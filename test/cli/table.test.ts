import { formatTable } from '../../cli/table.js';

test('columns are aligned under their titles, without trailing spaces', () => {
  const table = formatTable('lrl', [
    ['clip', 'bits/dim', 'note'],
    ['a.mp4', '3.21', ''],
    ['longer.mp4', '12.30', 'short clip'],
  ]);
  expect(table.split('\n')).toEqual([
    'clip        bits/dim  note',
    'a.mp4           3.21',
    'longer.mp4     12.30  short clip',
  ]);
});
