import { execFileSync } from 'node:child_process';

/** Import statements, with the source file in which each would stand, and the complaint of ESLint. */
const cases = [
  { importer: 'src/model/snippet.ts', imported: '../backend/operation.js', refusal: null },
  {
    importer: 'src/backend/snippet.ts',
    imported: '../model/model.js',
    refusal: /^import-x\/no-restricted-paths: .* See "Folders" in ARCHITECTURE\.md\.$/,
  },
  {
    importer: 'src/foundation/errors.ts',
    imported: './write-file.js',
    refusal: /^import-x\/no-cycle: Dependency cycle detected$/,
  },
];

/** Returns, for each case, what ESLint says under the configuration of the project. */
function lint(): string[][] {
  const snippets = cases.map(({ importer, imported }) => ({
    filePath: importer,
    text: `import { something } from '${imported}';\nsomething();\n`,
  }));
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
  said = lint();
});

test.each(cases.map((each, index) => ({ ...each, index, verb: each.refusal === null ? 'may' : 'must not' })))(
  '$importer $verb import $imported',
  ({ index, refusal }) => {
    expect(said[index]).toEqual(refusal === null ? [] : [expect.stringMatching(refusal)]);
  },
);
