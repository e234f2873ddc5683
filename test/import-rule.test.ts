import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** x: the folder of the row may import from the folder of the column. Drawn by hand, apart from eslint.config.js. */
const drawn = `
                  backend  conditioning  model  sampling  fitting  ranks  evaluation  surprise  codec  training  video  report  datasets  cli
src/backend       x        .             .      .         .        .      .           .         .      .         .      .       .         .
src/conditioning  x        x             .      .         .        .      .           .         .      .         .      .       .         .
src/model         x        x             x      .         .        .      .           .         .      .         .      .       .         .
src/sampling      x        x             x      x         .        .      .           .         .      .         .      .       .         .
src/fitting       x        x             x      .         x        .      .           .         .      .         .      .       .         .
src/ranks         .        .             .      .         .        x      .           .         .      .         .      .       .         .
src/evaluation    x        x             x      x         x        x      x           .         .      .         .      .       .         .
src/surprise      x        x             x      .         .        x      x           x         .      .         .      .       .         .
src/codec         x        x             x      x         .        x      .           .         x      .         .      .       .         .
src/training      x        x             x      .         x        x      x           .         .      x         .      .       .         .
src/browser       x        .             x      x         .        .      .           x         x      .         .      .       .         .
src/bench         x        .             x      x         x        .      .           .         .      .         .      .       .         .
src/video         .        .             .      .         .        .      .           .         .      .         x      .       .         .
src/report        .        .             .      .         .        .      .           .         .      .         .      x       .         .
src/tasks         x        x             x      x         x        x      x           x         x      x         x      x       x         .
datasets          .        .             .      .         .        .      .           .         .      .         x      .       x         .
cli               x        x             x      x         x        x      x           x         x      x         x      x       x         x`;

const [columns, ...rows] = drawn
  .trim()
  .split('\n')
  .map((row) => row.trim().split(/ +/));

interface Case {
  importer: string;
  imported: string;
  allowed: boolean;
}

const cases: Case[] = rows.flatMap(([importer, ...marks]) =>
  marks.flatMap((mark, i) => {
    const imported = sourceIn(['datasets', 'cli'].includes(columns[i]) ? columns[i] : `src/${columns[i]}`);
    return imported === undefined ? [] : [{ importer, imported, allowed: mark === 'x' }];
  }),
);
const shared = ['src/foundation/errors.ts', 'src/foundation/frame.ts'];
cases.push(...rows.flatMap(([importer]) => shared.map((imported) => ({ importer, imported, allowed: true }))));

/** The first source file in a folder or below; undefined where there is none. */
function sourceIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const name = names.sort().find((path) => path.endsWith('.ts'));
  return name === undefined ? undefined : join(folder, name);
}

/** For each case, what ESLint says of a file in `importer` that imports `imported`, under the project's configuration. */
function lint(cases: Case[]): string[][] {
  const snippets = cases.map(({ importer, imported }) => {
    const path = relative(importer, imported).replace(/\.ts$/, '.js');
    const specifier = path.startsWith('.') ? path : `./${path}`;
    return { filePath: `${importer}/snippet.ts`, text: `import { something } from '${specifier}';\nsomething();\n` };
  });
  // In a process of its own, for ESLint loads its configuration in ways that jest's modules do not follow.
  const program = `
    import { ESLint } from 'eslint';
    import tseslint from 'typescript-eslint';
    const untyped = { files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked };
    const eslint = new ESLint({ overrideConfig: [untyped] });
    const said = [];
    for (const { text, filePath } of ${JSON.stringify(snippets)}) {
      const [{ messages }] = await eslint.lintText(text, { filePath });
      said.push(messages.map(({ ruleId, message }) => ruleId + ': ' + message));
    }
    console.log(JSON.stringify(said));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }),
  ) as string[][];
}

let said: string[][];
beforeAll(() => {
  said = lint(cases);
});

test('the table has cases of both kinds', () => {
  expect(new Set(cases.map(({ allowed }) => allowed))).toEqual(new Set([true, false]));
});

test.each(cases.map((each, index) => ({ ...each, index, verb: each.allowed ? 'may' : 'must not' })))(
  '$importer $verb import $imported',
  ({ index, allowed }) => {
    const refusal = expect.stringMatching(
      /^import-x\/no-restricted-paths: .* See "Folders" in ARCHITECTURE\.md\.$/,
    ) as string;
    expect(said[index]).toEqual(allowed ? [] : [refusal]);
  },
);
