// Keeps the documents plain: sentences of at most 30 words, and none of the words below. Prints each offence with its
// place.
//
// usage: node scripts/lint-documents.mjs [FILE.md]...   (default: all that git tracks)
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MOST_WORDS = 30;
/** Words that are not the field's, or that few readers know; what to write in their place. */
const UNWANTED = {
  anew: 'again',
  sitting: 'run, or part of a training',
  sittings: 'runs, or parts of a training',
  mend: 'fix',
  mends: 'fixes',
  mended: 'fixed',
  sought: 'looked for, or expected',
  'told of': 'given',
  'carried on': 'kept',
  'as well as before': 'no worse than before',
  utilize: 'use',
  leverage: 'use',
};

const named = process.argv.slice(2);
const tracked = () => execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');
const offences = (named.length > 0 ? named : tracked()).flatMap((path) => offencesIn(path, readFileSync(path, 'utf8')));
for (const offence of offences) console.error(offence);
if (offences.length > 0) process.exitCode = 1;

function offencesIn(path, text) {
  return paragraphs(text).flatMap(({ line, text }) => {
    const long = sentences(text)
      .map((sentence) => [sentence, sentence.split(/\s+/).filter((word) => /\w/.test(word)).length])
      .filter(([, words]) => words > MOST_WORDS)
      .map(
        ([sentence, words]) => `${path}:${line}: ${words} words, at most ${MOST_WORDS}: ${sentence.slice(0, 60)}...`,
      );
    const unwanted = Object.entries(UNWANTED)
      .filter(([word]) => new RegExp(`\\b${word}\\b`, 'i').test(text))
      .map(([word, better]) => `${path}:${line}: '${word}': write ${better}`);
    return [...long, ...unwanted];
  });
}

/** Paragraphs and items of lists, with the line that each begins at; without code, tables, headings and addresses. */
function paragraphs(text) {
  const found = [];
  let current = null;
  let isCode = false;
  text.split('\n').forEach((line, at) => {
    if (/^\s*```/.test(line)) isCode = !isCode;
    const isApart = isCode || /^\s*(```|\||#|<!--|!\[)|^ {4}\S|^\s*$/.test(line);
    if (isApart || /^\s*([-*]|\d+\.) /.test(line)) current = null;
    if (isApart) return;
    if (current === null) found.push((current = { line: at + 1, text: '' }));
    current.text += ` ${line.replace(/^\s*([-*]|\d+\.) /, '')}`;
  });
  return found.map(({ line, text }) => ({ line, text: plain(text) }));
}

/** Code between backquotes is one word, and of a link its text is read. */
function plain(text) {
  return text
    .replace(/`[^`]*`/g, 'code')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/[*_[\]]/g, '')
    .trim();
}

function sentences(text) {
  return text.split(/(?<=[.!?:;])\)?\s+(?=[A-Z0-9"(]|code)|(?<=[;:])\s+/);
}
