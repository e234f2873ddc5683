// Keeps the documents plain: sentences of at most 30 words, and none of the words below. Keeps words that are not the
// field's out of code, help and messages, and lines of code within 120 columns. Prints each offence with its place.
//
// usage: node scripts/lint-documents.mjs [FILE.md]...   (default: all that git tracks, and the code)
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MAX_WORDS = 30;
const MAX_COLUMNS = 120;
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

/** Words for which the field has a term: not in comments, help or messages. */
const UNWANTED_IN_CODE = {
  ...UNWANTED,
  'left out': 'skipped, or dropped',
  'frames a second': 'frames per second',
  'what is usual': 'baseline',
  'stands out': 'is anomalous',
  'stood out': 'was anomalous',
  'so many': 'the number',
  'what is given': 'the conditioning inputs',
  'gone on with': 'resumed',
};
const CODE = ['src', 'cli', 'datasets', 'page', 'native'];
const LINE_PATTERNS = ['*.ts', '*.js', '*.mjs', '*.cc', '*.c', '*.h', '*.py', '*.css', '*.sh'];

const named = process.argv.slice(2);
const tracked = (...patterns) =>
  execFileSync('git', ['ls-files', ...patterns], { encoding: 'utf8' })
    .trim()
    .split('\n');
const documents = named.length > 0 ? named : tracked('*.md');
const code = named.length > 0 ? [] : tracked(...CODE).filter((path) => /\.(ts|cc?|h)$/.test(path));
const scripts = named.length > 0 ? [] : ['.ci/run', ...tracked(...LINE_PATTERNS)];
const offences = [
  ...documents.flatMap((path) => offencesIn(path, readFileSync(path, 'utf8'))),
  ...code.flatMap((path) =>
    linesOf(path).flatMap((text, at) => unwantedIn(text, UNWANTED_IN_CODE, `${path}:${at + 1}`)),
  ),
  ...scripts.flatMap((path) => linesOf(path).flatMap((text, at) => longLineIn(text, `${path}:${at + 1}`))),
];
for (const offence of offences) console.error(offence);
if (offences.length > 0) process.exitCode = 1;

function linesOf(path) {
  return readFileSync(path, 'utf8').split('\n');
}

function longLineIn(text, place) {
  return text.length > MAX_COLUMNS ? [`${place}: ${text.length} columns, at most ${MAX_COLUMNS}`] : [];
}

function offencesIn(path, text) {
  return paragraphs(text).flatMap(({ line, text }) => {
    const long = sentences(text)
      .map((sentence) => [sentence, sentence.split(/\s+/).filter((word) => /\w/.test(word)).length])
      .filter(([, words]) => words > MAX_WORDS)
      .map(([sentence, words]) => `${path}:${line}: ${words} words, at most ${MAX_WORDS}: ${sentence.slice(0, 60)}...`);
    return [...long, ...unwantedIn(text, UNWANTED, `${path}:${line}`)];
  });
}

function unwantedIn(text, words, place) {
  return Object.entries(words)
    .filter(([word]) => new RegExp(`\\b${word}\\b`, 'i').test(text))
    .map(([word, better]) => `${place}: '${word}': write ${better}`);
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
