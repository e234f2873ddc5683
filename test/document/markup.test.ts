import { Markup, markup } from '../../src/document/markup.js';

test('what is inserted is escaped, in elements and attributes alike', () => {
  const name = `<script>alert("1")</script>&'`;
  expect(String(markup`<p title="${name}">${name}</p>`)).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">' +
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
  );
});

test('markup, lists of it and nothing are inserted as they are', () => {
  const items = ['a', '<b>'].map((word) => markup`<li>${word}</li>`);
  expect(String(markup`<ul>${items}</ul>${false}${new Markup('<hr>')}${2}`)).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul><hr>2',
  );
});

test('signs that a terminal or a browser would obey are shown as unknown', () => {
  expect(String(markup`${'a\u001b[2Jb'}`)).toBe('a\ufffd[2Jb');
});
