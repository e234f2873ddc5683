// Compares the lines of code of each folder with scripts/line-budget.json: growth is then a line in the diff.
// Usage: node scripts/line-budget.mjs [--write]
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import ts from 'typescript';

const FILE = 'scripts/line-budget.json';
/** Lines that a folder may lie below its budget before the budget has to follow. */
const SLACK = 40;

/** Counts the lines of a source file that hold code: neither blank nor comments alone. */
function codeLines(path) {
  const text = readFileSync(path, 'utf8');
  return ['.cc', '.h'].includes(extname(path)) ? linesOfCpp(text) : linesOfScript(text);
}

function linesOfScript(text) {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  const lines = new Set();
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line;
  const isComment = ({ kind }) => kind >= ts.SyntaxKind.FirstJSDocNode && kind <= ts.SyntaxKind.LastJSDocNode;
  const visit = (node) => {
    const children = node.getChildren(source).filter((child) => !isComment(child));
    children.forEach(visit);
    if (children.length > 0 || node.kind === ts.SyntaxKind.EndOfFileToken) return;
    for (let line = lineAt(node.getStart(source)); line <= lineAt(node.end); line++) lines.add(line);
  };
  visit(source);
  const written = text.split('\n');
  return [...lines].filter((line) => written[line].trim() !== '').length;
}

function linesOfCpp(text) {
  const tokens = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  const withoutComments = text.replace(tokens, (token) =>
    token.startsWith('/') ? token.replace(/[^\n]/g, '') : token,
  );
  return withoutComments.split('\n').filter((line) => line.trim() !== '').length;
}

function countFolder(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|js|cc|h)$/.test(name))
    .reduce((sum, name) => sum + codeLines(join(folder, name)), 0);
}

const sources = readdirSync('src').filter((name) => statSync(join('src', name)).isDirectory());
const folders = [...sources.map((name) => `src/${name}`), 'cli', 'datasets', 'page', 'native', 'scripts'];
const counts = Object.fromEntries(folders.map((folder) => [folder, countFolder(folder)]));
counts['src/*.ts'] = readdirSync('src')
  .filter((name) => name.endsWith('.ts'))
  .reduce((sum, name) => sum + codeLines(join('src', name)), 0);

if (process.argv.includes('--write')) {
  writeFileSync(FILE, `${JSON.stringify(counts, null, 2)}\n`);
} else {
  const budget = JSON.parse(readFileSync(FILE, 'utf8'));
  const wrong = [...new Set([...Object.keys(counts), ...Object.keys(budget)])].filter((folder) => {
    const count = counts[folder] ?? 0;
    const allowed = budget[folder] ?? -1;
    return count > allowed || count < allowed - SLACK;
  });
  for (const folder of wrong)
    console.error(`${folder}: ${counts[folder] ?? 'no'} lines of code, where ${FILE} has ${budget[folder] ?? 'none'}`);
  if (wrong.length > 0) {
    console.error('Make it smaller, or run node scripts/line-budget.mjs --write and say why in the commit.');
    process.exit(1);
  }
}
