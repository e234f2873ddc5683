import { formatTable } from '../../cli/table.js';

test('columns are aligned under their titles, without trailing spaces', () => {
  const table = formatTable(
    [
      { title: 'clip', align: 'left' },
      { title: 'bits/dim', align: 'right' },
      { title: 'note', align: 'left' },
    ],
    [
      ['a.mp4', '3.21', ''],
      ['longer.mp4', '12.30', 'short clip'],
    ],
  );
  expect(table.split('\n')).toEqual([
    'clip        bits/dim  note',
    'a.mp4           3.21',
    'longer.mp4     12.30  short clip',
  ]);
});

test('without titles the first line is the first row', () => {
  expect(formatTable([{ title: '', align: 'left' }], [['one'], ['two']])).toBe('one\ntwo');
});

test('without rows only the titles remain', () => {
  expect(formatTable([{ title: 'clip', align: 'left' }], [])).toBe('clip');
});
