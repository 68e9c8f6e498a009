import { existsSync } from 'node:fs';
import tseslint from 'typescript-eslint';
import { importX, createNodeResolver } from 'eslint-plugin-import-x';

/** `src/` in import order: a folder may import only from those above it. */
export const layers = [
  'core',
  'pixels',
  'engine',
  'labels',
  'nn',
  'models',
  'objectives',
  'data',
  'augment',
  'training',
  'inference',
  'analysis',
  'tracking',
  'experiment',
  'cli',
];

const direction = layers
  .map((layer, index) => ({
    target: `./src/${layer}`,
    from: layers.slice(index + 1).map((below) => `./src/${below}`),
    message: `src/${layer} imports only from: ${layers.slice(0, index).join(', ') || 'nothing'}`,
  }))
  .filter(({ target, from }) => from.length > 0 && existsSync(target));

export default tseslint.config(
  { ignores: ['build/**', 'node_modules/**', 'demo/**', 'runs/**', 'cache/**', 'data/**', 'submissions/**'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })] },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: direction }],
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/extensions': ['error', 'always', { ignorePackages: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/prefer-literal-enum-member': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\.|node:)', message: 'core/ imports nothing from outside Node' }] },
      ],
    },
  },
);
