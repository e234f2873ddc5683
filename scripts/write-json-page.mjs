// Writes the keys of docs/json.md from the types of the code: what each command of cli/ returns as `json`. They stand
// between `<!-- json -->` and `<!-- end -->`.
//
// usage: node scripts/write-json-page.mjs [--check]
//   --check   writes nothing, and fails if the page differs from the code
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

const PAGE = 'docs/json.md';
/** Names of the results of commands that have several, in the order of the code. */
const VARIANTS = {
  predict: ['CLIP', 'CLIPS'],
  'eval-video': ['', '--protocol or --context'],
  train: ['', '--dry-run'],
  datasets: ['list', 'get', 'verify'],
  completion: ['SHELL', 'SHELL WORDS'],
};
/** Types that are named and not written out: other pages describe them. */
const DESCRIBED_ELSEWHERE = ['ModelDescription', 'TrainingConfiguration'];
/** Keys of commands that compute, which the page shows as `...backend`. */
const BACKEND = ['backend', 'instructionSet', 'threads'];
/** Flags of the types of values that are absent, and of objects. */
const ABSENT = ts.TypeFlags.Null | ts.TypeFlags.Undefined;
const OBJECT = ts.TypeFlags.Object | ts.TypeFlags.Intersection;
/** Maximum number of columns of a line. */
const WIDTH = 116;

const { options } = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, { ...ts.sys });
const files = readdirSync('cli').map((name) => `cli/${name}`);
const program = ts.createProgram(files, options);
const checker = program.getTypeChecker();

const entries = files.flatMap((file) => {
  const command = basename(file, '.ts');
  const results = [...new Set(resultsOf(program.getSourceFile(file)).map(describeResult))];
  const names = VARIANTS[command] ?? [''];
  if (results.length > names.length)
    throw new Error(`${file}: ${results.length} results; name them in VARIANTS of scripts/write-json-page.mjs`);
  return results.map((result, at) => `**\`${`${command} ${names[at]}`.trim()}\`**\n\n${wrap(result)}\n`);
});
const page = readFileSync(PAGE, 'utf8');
const filled = page.replace(
  /(<!-- json -->)[^]*?(<!-- end -->)/,
  (_, before, after) => `${before}\n\n${entries.join('\n')}\n${after}`,
);
const written = await format(filled, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
if (written !== page && process.argv.includes('--check')) {
  console.error(`${PAGE}: its keys are not those of the code: run node scripts/write-json-page.mjs`);
  process.exitCode = 1;
} else if (written !== page) writeFileSync(PAGE, written);

/** Breaks a line into indented lines of at most `WIDTH` columns. */
function wrap(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > WIDTH) lines.push('');
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.map((line) => `    ${line}`).join('\n');
}

/** Returns the types of a command's results: of each `json` beside a `text`, those of a union apart. */
function resultsOf(source) {
  const found = [];
  const visit = (node) => {
    if (ts.isObjectLiteralExpression(node)) {
      const [text, json] = ['text', 'json'].map((name) =>
        node.properties.find((property) => property.name?.getText() === name),
      );
      if (text && json) found.push(...typesOf(checker.getTypeOfSymbol(checker.getSymbolAtLocation(json.name))));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Describes a result by its keys; those of the backend are replaced by `...backend`. */
function describeResult(type) {
  const keys = keysOf([type]);
  const own = keys.filter(({ name }) => !BACKEND.includes(name));
  return `${describeKeys(own).slice(1, -1)}${own.length < keys.length ? ', ...backend' : ''}`;
}

/** Returns the keys of objects of any of some types: the name, the types of the value, and whether it may be absent. */
function keysOf(objects) {
  const properties = objects.flatMap((object) => checker.getPropertiesOfType(object));
  return [...new Set(properties.map(({ name }) => name))].map((name) => {
    const same = properties.filter((property) => property.name === name);
    const types = same.map((property) => checker.getTypeOfSymbol(property)).flatMap(typesOf);
    const isOptional = same.length < objects.length || same.some(({ flags }) => flags & ts.SymbolFlags.Optional);
    return { name, types, mayLack: isOptional || types.some(({ flags }) => flags & ABSENT) };
  });
}

/** Describes an object by its keys. Three or more keys of one type, some with hyphens, are those of a record. */
function describeKeys(keys) {
  const [first, ...others] = keys.map(({ types }) => describe(types));
  const isRecord = others.length > 1 && keys.some(({ name }) => name.includes('-'));
  if (isRecord && others.every((other) => other === first)) return `{${withType('[name]', first)}}`;
  const fields = keys.map(({ name, types, mayLack }) =>
    withType(name, name === 'seed' ? 'string' : describe(types), mayLack),
  );
  return `{${fields.join(', ')}}`;
}

/** Returns a key with its type; a number has none. */
function withType(name, type, mayLack = false) {
  const mark = mayLack ? '?' : '';
  return /^number(\[\])*$/.test(type) ? `${name}${type.slice('number'.length)}${mark}` : `${name}${mark}: ${type}`;
}

/** Describes a value of any of some types. Objects are described together. */
function describe(types) {
  const present = types.filter(({ flags }) => !(flags & ABSENT));
  const isObject = (type) => (type.flags & OBJECT) !== 0 && !checker.isArrayType(type) && !isNamed(type);
  const objects = present.filter(isObject);
  const others = present.filter((type) => !isObject(type)).map(describeOne);
  return [...new Set([...(objects.length > 0 ? [describeKeys(keysOf(objects))] : []), ...others])].join(' or ');
}

/** Returns the types of a union, or a type alone. */
function typesOf(type) {
  return type.isUnion() ? type.types : [type];
}

function describeOne(type) {
  if (isNamed(type)) return nameOf(type);
  if (type.flags & ts.TypeFlags.BooleanLike) return 'boolean';
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type);
    return `${describe(typesOf(element))}[]`;
  }
  return checker.typeToString(checker.getBaseTypeOfLiteralType(type));
}

function nameOf(type) {
  return type.aliasSymbol?.name ?? type.symbol?.name;
}

function isNamed(type) {
  return DESCRIBED_ELSEWHERE.includes(nameOf(type));
}
