import { tableCsv, makeTable, tableText } from '../../../src/document/blocks/table.js';

const clips = makeTable(
  'lrl',
  ['clip', 'bits/dim', 'note'],
  [
    ['a.mp4', '3.21', ''],
    ['longer.mp4', '12.30', 'short, "clip"'],
  ],
);

test('columns are aligned under their titles, without trailing spaces', () => {
  expect(tableText(clips).split('\n')).toEqual([
    'clip        bits/dim  note',
    'a.mp4           3.21',
    'longer.mp4     12.30  short, "clip"',
  ]);
});

test('a table without titles begins with its rows', () => {
  expect(tableText(makeTable('lr', null, [['a', '1']]))).toBe('a  1');
});

test('as CSV, a cell with a comma or quotes is quoted', () => {
  expect(tableCsv(clips)).toBe('clip,bits/dim,note\na.mp4,3.21,\nlonger.mp4,12.30,"short, ""clip"""\n');
});
