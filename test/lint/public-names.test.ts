import { readFileSync } from 'node:fs';
import ts from 'typescript';

const entries = ['src/index.ts', 'src/browser/index.ts'];
const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

/** What the entries export, by its name. */
const exported = entries
  .flatMap((path) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!))
  .map((symbol): [string, ts.Symbol] => [
    symbol.name,
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  ]);
const functions = exported.filter(([, { flags }]) => flags & ts.SymbolFlags.Function);

/** Interrupts the work wherever it is a member; what becomes of that stands with what is thrown. */
const NEEDS_NO_WORDS = ['signal'];

/** Functions that throw no PxvError themselves. What a callback throws, or TypeScript refuses, does not count. */
const NEVER_THROWS = [
  'densityNats',
  'describeModel',
  'describeShippedModel',
  'encodeModel',
  'frameFromPixels',
  'frameOf',
  'listShippedModels',
  'measureDetection',
  'parseFrameRate',
  'readLaunch',
  'toPixels',
];

const documentation = (symbol: ts.Symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
const saysWhatItThrows = (symbol: ts.Symbol) => symbol.getJsDocTags(checker).some(({ name }) => name === 'throws');

/**
 * Names of members without a docstring. Of a type that is made from a schema they have those of the schema's fields.
 */
function undocumentedMembers(symbol: ts.Symbol): string[] {
  if (!(symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Class | ts.SymbolFlags.TypeAlias))) return [];
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  return (type.isUnion() ? type.types : [type])
    .flatMap((one) => checker.getPropertiesOfType(one))
    .filter((member) => member.declarations?.some((place) => isOurs(place) && !isHidden(place)))
    .filter((member) => documentation(member) === '' && !NEEDS_NO_WORDS.includes(member.name))
    .map(({ name }) => name);
}

function isOurs(place: ts.Declaration): boolean {
  return !place.getSourceFile().fileName.includes('node_modules');
}

function isHidden(place: ts.Declaration): boolean {
  return (ts.getCombinedModifierFlags(place) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}

test('public names are found', () => {
  expect(exported.map(([name]) => name)).toEqual(expect.arrayContaining(['predictClip', 'Frame', 'FrameHistory']));
});

test.each(exported)('%s has a docstring, and so has each of its members', (_, symbol) => {
  expect(documentation(symbol)).not.toBe('');
  expect(undocumentedMembers(symbol)).toEqual([]);
});

test('the guide of the library lists every function, class and constant once, in its group', () => {
  const [, list] = readFileSync('docs/library.md', 'utf8').split('## Functions, classes and constants');
  const listed = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const values = exported.filter(([, { flags }]) => flags & ts.SymbolFlags.Value).map(([name]) => name);
  expect(listed.sort()).toEqual([...new Set(values)].sort());
});

test('every function says what it throws, but for those that throw nothing', () => {
  const silent = functions.filter(([, symbol]) => !saysWhatItThrows(symbol)).map(([name]) => name);
  expect([...new Set(silent)].sort()).toEqual(NEVER_THROWS);
});
