// Prints exported declarations drawn at random, with their comments and signatures and without bodies: a reader who
// does not know the code writes down what each means, then opens it. What the body contradicts, or what took a second
// reading, is unclear.
// Usage: node scripts/sample-exports.mjs [--count 40] [--seed 1]
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } });
const { count = '40', seed = '1' } = values;

const files = ['src', 'cli', 'datasets', 'page'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
const order = (text) => createHash('sha256').update(`${seed} ${text}`).digest('hex');
const declarations = files
  .flatMap(exportsOf)
  .map(({ name, text }) => ({ text, key: order(name) }))
  .sort((a, b) => (a.key < b.key ? -1 : 1));
for (const [index, { text }] of declarations.slice(0, Number(count)).entries()) console.log(`${index + 1}. ${text}\n`);

/** Returns the exported declarations of a file: path and name, and the comment with the text up to the body. */
function exportsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const isExported = ({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return source.statements
    .filter((statement) => isExported(statement) && !ts.isExportDeclaration(statement))
    .map((statement) => ({ name: `${path} ${nameOf(statement)}`, text: `${path}\n${signature(statement, source)}` }))
    .filter(isFirstOfName);
}

/** Returns false for the further overloads of a function. */
function isFirstOfName({ name }, index, all) {
  return all.findIndex((other) => other.name === name) === index;
}

function nameOf({ name, declarationList }) {
  return (name ?? declarationList.declarations[0].name).getText();
}

function signature(statement, source) {
  const text = statement.getFullText(source).trim();
  const start = statement.getFullStart() + statement.getFullText(source).indexOf(text);
  const upTo = (position) => text.slice(0, position - start).trimEnd();
  if (ts.isFunctionDeclaration(statement) && statement.body) return upTo(statement.body.getStart(source));
  if (ts.isClassDeclaration(statement)) return classSignature(statement, source);
  if (!ts.isVariableStatement(statement)) return text;
  const [{ initializer }] = statement.declarationList.declarations;
  return initializer && initializer.getText(source).length > 200 ? upTo(initializer.getStart(source)) : text;
}

/** Returns the comments and signatures of a class and its public members. */
function classSignature(statement, source) {
  const isPrivate = ({ modifiers }) => modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
  const members = statement.members.filter((member) => !isPrivate(member));
  const shown = members.map((member) => {
    const text = member.getFullText(source);
    const end = member.body ? member.body.getStart(source) - member.getFullStart() : text.length;
    return text.slice(0, end).trimEnd();
  });
  const head = statement.getFullText(source).trim();
  return `${head.slice(0, head.indexOf('{', head.indexOf('class ')) + 1)}${shown.join('\n')}\n}`;
}
