import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

/** Folders of the core that a folder of the core may import from, besides itself, the foundation and packages. */
const core = {
  foundation: [],
  distributed: [],
  video: [],
  backend: [],
  conditioning: ['backend'],
  model: ['conditioning', 'backend'],
  sampling: ['model', 'conditioning', 'backend'],
  optimization: ['model', 'conditioning', 'backend'],
  document: ['model'],
  evaluation: ['distributed', 'sampling', 'optimization', 'model', 'conditioning', 'backend'],
  training: ['distributed', 'evaluation', 'optimization', 'model', 'conditioning', 'backend'],
  anomaly: ['evaluation', 'model', 'conditioning', 'backend'],
  coding: ['sampling', 'model', 'conditioning', 'backend'],
  memory: ['training', 'evaluation', 'sampling', 'optimization', 'conditioning', 'model', 'backend'],
  browser: ['memory', 'training', 'anomaly', 'coding', 'sampling', 'model', 'conditioning', 'backend'],
};

/** Folders and files of src/commands: a command may import from the files beside it, and from no other command. */
const commands = readdirSync('src/commands', { withFileTypes: true });
const commandFiles = commands.filter((entry) => entry.isFile()).map(({ name }) => `src/commands/${name}`);

function inSource(name) {
  return `src/${name}`;
}

/** Folders that a folder may import from. Folders that are not listed, such as cli/, import from everything. */
const mayImport = {
  ...Object.fromEntries(Object.entries(core).map(([folder, names]) => [inSource(folder), names.map(inSource)])),
  ...Object.fromEntries(
    commands
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => [
        `src/commands/${name}`,
        [
          'datasets',
          ...commandFiles,
          ...Object.keys(core)
            .filter((folder) => folder !== 'browser')
            .map(inSource),
        ],
      ]),
  ),
  datasets: ['src/video'],
};
const shared = ['src/foundation', 'node_modules'];

const zones = Object.entries(mayImport).map(([folder, allowed]) => ({
  target: `./${folder}`,
  from: '.',
  except: [...new Set([folder, ...allowed, ...shared])],
  message: 'See "Folders" in ARCHITECTURE.md.',
}));

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'node_modules/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: ['./tsconfig.json', './page/tsconfig.json'] } },
    plugins: { 'import-x': importX },
    // Sources name each other as the .js files that they become. Circles are looked for among files with these
    // extensions.
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
      'import-x/extensions': ['.ts'],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
);
