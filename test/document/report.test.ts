import { createHash } from 'node:crypto';
import type { Frame } from '../../src/foundation/frame.js';
import type { Block } from '../../src/document/blocks/index.js';
import { reportHtml } from '../../src/document/page.js';
import { reportCsv, reportJson, reportText } from '../../src/document/report.js';

const name = '<img src=x onerror=alert(1)>';
const grey = (level: number): Frame => ({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(level) });

/** One of each kind; the compiler asks for all of them. */
const byKind: { [K in Block['kind']]: Extract<Block, { kind: K }> } = {
  clip: {
    ...{ kind: 'clip', title: name, rate: 5, first: 1 },
    steps: [
      { name: 'frame 0, known', predicted: false },
      { name: 'frame 1, predicted', predicted: true },
    ],
    panels: [{ title: name, note: name, frames: [grey(1), null], arrows: [[], [{ x: 1, y: 1, dx: 2, dy: 0 }]] }],
  },
  number: { kind: 'number', title: name, value: '1.5', unit: 'bits/dim', note: name },
  picture: { kind: 'picture', id: 'one', title: name, frame: grey(9) },
  series: {
    ...{ kind: 'series', title: name, note: name, x: { label: name }, y: { label: name } },
    lines: [
      {
        name,
        points: [
          [0, 1],
          [1, 2],
        ],
      },
    ],
    bands: [{ name, points: [[0, 1, 2]] }],
  },
  table: { kind: 'table', title: name, align: 'lr', titles: ['clip', 'bits'], rows: [[name, '1']], note: name },
  text: { kind: 'text', title: name, text: name, verbatim: true },
};
const blocks = Object.values(byKind);
const page = { title: name, made: name, sections: [{ title: name, blocks }] };

test('no name becomes an element in any kind of block', async () => {
  const html = await reportHtml({ ...page, sections: [...page.sections, ...page.sections] });
  expect(html).not.toContain('<img');
  expect(html.split('&lt;img src=x onerror=alert(1)&gt;').length).toBeGreaterThan(20);
});

test('the content policy allows what is in the page, by its hash, and nothing else', async () => {
  const html = await reportHtml(page);
  const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!;
  expect(policy).toMatch(/^default-src 'none'; img-src data:; style-src '/);
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const inline = [...html.matchAll(/<(style|script)>(.*?)<\/\1>/gs)];
  expect(inline.map(([, element]) => element)).toEqual(['style', 'style', 'style', 'script']);
  for (const [, , text] of inline) expect(policy).toContain(hash(text));
  expect(html).not.toMatch(/ style=| on\w+=(?!alert\(1\)&gt;)/);
});

test('the same blocks are text for a terminal and objects for programs', () => {
  expect(reportText(page)).toContain(`${name}: 1.5 bits/dim`);
  const { sections } = JSON.parse(JSON.stringify(reportJson(page))) as { sections: [{ blocks: object[] }] };
  expect(sections[0].blocks.map((block) => (block as Block).kind)).toEqual(Object.keys(byKind));
  expect(sections[0].blocks).toContainEqual({
    kind: 'picture',
    title: name,
    width: 2,
    height: 2,
  });
});

test('charts and tables are CSV, under names that any system takes', () => {
  const files = reportCsv(page);
  expect(files.map(({ name }) => name)).toEqual([
    '1-4--img-src-x-onerror-alert-1-.csv',
    '1-5--img-src-x-onerror-alert-1-.csv',
  ]);
  expect(files[1].text).toBe(`clip,bits\n${name},1\n`);
  expect(files[0].text.split('\n')[0]).toBe(`line,${name},${name},up to`);
});

test('what is folded is left out of a terminal', () => {
  const folded: Block = { kind: 'text', title: 'configuration', text: '{}', folded: true };
  expect(reportText({ sections: [{ title: 'training', blocks: [folded] }] })).toBe('training');
});
