import tseslint from 'typescript-eslint';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';

/**
 * Who may import whom. A folder may import from itself, from the folders named here, from packages, and from the
 * foundation that all share. What is not listed, such as cli/, may import everything.
 */
const mayImport = {
  'src/foundation': [],
  'src/backend': [],
  'src/conditioning': ['src/backend'],
  'src/model': ['src/conditioning', 'src/backend'],
  'src/sampling': ['src/model', 'src/conditioning', 'src/backend'],
  'src/fitting': ['src/model', 'src/conditioning', 'src/backend'],
  'src/evaluation': ['src/ranks', 'src/sampling', 'src/fitting', 'src/model', 'src/conditioning', 'src/backend'],
  'src/ranks': [],
  'src/training': ['src/ranks', 'src/evaluation', 'src/fitting', 'src/model', 'src/conditioning', 'src/backend'],
  'src/surprise': ['src/ranks', 'src/evaluation', 'src/model', 'src/conditioning', 'src/backend'],
  'src/codec': ['src/ranks', 'src/sampling', 'src/model', 'src/conditioning', 'src/backend'],
  'src/browser': ['src/surprise', 'src/codec', 'src/sampling', 'src/model', 'src/backend'],
  'src/bench': ['src/fitting', 'src/sampling', 'src/model', 'src/backend'],
  'src/video': [],
  'src/report': [],
  'src/tasks': [
    'datasets',
    'src/video',
    'src/report',
    'src/surprise',
    'src/codec',
    'src/ranks',
    'src/training',
    'src/evaluation',
    'src/fitting',
    'src/sampling',
    'src/model',
    'src/conditioning',
    'src/backend',
  ],
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
    // Sources name each other as the .js files that they become.
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
);
