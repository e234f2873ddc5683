import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

/** Folders that a folder of the core may import from, besides itself, the foundation and packages. */
const core = {
  'src/foundation': [],
  'src/distributed': [],
  'src/video': [],
  'src/backend': [],
  'src/conditioning': ['backend'],
  'src/model': ['conditioning', 'backend'],
  'src/sampling': ['model', 'conditioning', 'backend'],
  'src/optimization': ['model', 'conditioning', 'backend'],
  'src/options': ['backend', 'distributed'],
  'src/document': ['model'],
  'src/evaluation': ['distributed', 'sampling', 'optimization', 'model', 'conditioning', 'backend'],
  'src/training': ['options', 'distributed', 'evaluation', 'optimization', 'model', 'conditioning', 'backend'],
  'src/anomaly': ['evaluation', 'model', 'conditioning', 'backend'],
  'src/coding': ['sampling', 'model', 'conditioning', 'backend'],
  'src/memory': ['training', 'evaluation', 'sampling', 'optimization', 'conditioning', 'model', 'backend'],
  'src/clips': ['options', 'distributed', 'video', 'model'],
};
/** Folders that other folders may import from. Folders that are not listed, such as cli/, import from everything. */
const others = {
  datasets: ['src/video'],
  'src/browser': ['memory', 'training', 'anomaly', 'coding', 'sampling', 'model', 'conditioning', 'backend'].map(
    inSource,
  ),
};

/** Capabilities, all other folders of src: each may import from the whole core and from the data sets. */
const capabilities = readdirSync('src', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => inSource(name))
  .filter((folder) => !(folder in core) && !(folder in others));

function inSource(name) {
  return `src/${name}`;
}

const mayImport = {
  ...Object.fromEntries(Object.entries(core).map(([folder, names]) => [folder, names.map(inSource)])),
  ...Object.fromEntries(capabilities.map((folder) => [folder, ['datasets', ...Object.keys(core)]])),
  ...others,
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
