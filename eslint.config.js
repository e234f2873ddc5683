import tseslint from 'typescript-eslint';
import { importX } from 'eslint-plugin-import-x';

/**
 * Who may import whom. A folder under src/ (or cli/, datasets/) may import from itself, from the folders named here,
 * and from the files that all share: src/frame.ts, src/errors.ts and src/philox.ts.
 */
const mayImport = {
  'src/backend': [],
  'src/conditioning': ['src/backend'],
  'src/model': ['src/conditioning', 'src/backend'],
  'src/sampling': ['src/model', 'src/conditioning', 'src/backend'],
  'src/evaluation': ['src/sampling', 'src/model', 'src/conditioning', 'src/backend'],
  'src/training': ['src/evaluation', 'src/model', 'src/conditioning', 'src/backend'],
  'src/video': [],
  datasets: [],
};

const zones = Object.entries(mayImport).map(([target, allowed]) => ({
  target: `./${target}`,
  from: ['./src', './cli', './datasets'],
  except: [target, ...allowed, 'src/frame.ts', 'src/errors.ts', 'src/philox.ts'].map((path) => `../${path}`),
}));

const restricted = zones.flatMap(({ target, from, except }) =>
  from.map((base) => ({
    target,
    from: base,
    except: except
      .map((path) => path.replace('../', './'))
      .filter((path) => path.startsWith(base))
      .map((path) => path.replace(base, '.')),
    message: 'See "Who may import whom" in ARCHITECTURE.md.',
  })),
);

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'node_modules/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.js'] } } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: restricted }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
);
