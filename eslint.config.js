// The house rules a machine can check. The import rules are in .dependency-cruiser.cjs.
import js from '@eslint/js';
import vue from 'eslint-plugin-vue';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const PRODUCT = ['src/**/*.ts', 'services/**/*.ts', 'tools/**/*.ts', 'moleculer.config.ts'];
const BROWSER = ['public/**/*.ts', 'public/**/*.vue'];
const TESTS = ['test/**'];
const STORAGES = ['localStorage', 'sessionStorage'];
const ONE_STORAGE = 'Storage is read and written through browser-storage.ts, which never throws.';

const doubleCast = {
  selector: 'TSAsExpression > TSAsExpression.expression > TSUnknownKeyword.typeAnnotation',
  message: 'A double cast hides a wrong type: say the right one.',
};
const barrel = { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that has it.' };
const defaultExport = { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' };
const importEnding = {
  selector: 'ImportDeclaration[source.value=/^[.]{1,2}\\u002F/]:not([source.value=/[.](ts|vue|css|json|cjs|mjs)([?]|$)/])',
  message: 'A relative import ends in .ts.',
};

export default tseslint.config(
  { ignores: ['dist/', 'public/dist/', 'data/', 'artifacts/', 'coverage/', '.cache/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['**/*.js', '**/*.cjs', '**/*.mjs'], languageOptions: { globals: globals.node } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },

  // Types: everywhere in TypeScript.
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.ts', '**/*.vue'] })),
  {
    files: ['**/*.ts', '**/*.vue'],
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-restricted-syntax': ['error', doubleCast, barrel, importEnding],
    },
  },
  // Rules that need types: a forgotten promise is the commonest way to lose an error.
  {
    files: ['**/*.ts'],
    ignores: BROWSER,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },

  // The product: one reader of the environment, named exports, pieces that fit a screen.
  {
    files: PRODUCT,
    rules: {
      'no-restricted-syntax': ['error', doubleCast, barrel, importEnding, defaultExport],
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Settings are read by src/config.ts alone.' }],
      'no-restricted-imports': ['error', { paths: [{ name: 'node:process', message: 'Use the global, so that reads of the environment are seen.' }] }],
    },
  },
  // The places that need it: the settings, and the files that hand the environment to them.
  { files: ['src/config.ts', 'moleculer.config.ts', 'tools/audit-tool.ts'], rules: { 'no-restricted-properties': 'off' } },
  // Moleculer's runner reads the default export.
  {
    files: ['services/*.service.ts', 'moleculer.config.ts'],
    rules: { 'no-restricted-syntax': ['error', doubleCast, barrel, importEnding] },
  },
  { files: ['services/*.service.ts'], rules: { 'max-lines': ['error', 120] } },

  // The browser app.
  ...vue.configs['flat/recommended'].map((config) => ({ ...config, files: ['public/**/*.vue'] })),
  { files: ['public/**/*.vue'], languageOptions: { parserOptions: { parser: tseslint.parser, extraFileExtensions: ['.vue'] } } },
  { files: BROWSER, languageOptions: { globals: globals.browser }, rules: { 'no-console': ['error', { allow: ['warn', 'error'] }] } },
  // A full or forbidden storage throws at whoever touches it; one file does.
  {
    files: ['public/src/**'],
    ignores: ['public/src/chat-client/browser-storage.ts'],
    rules: {
      'no-restricted-globals': ['error', ...STORAGES.map((name) => ({ name, message: ONE_STORAGE }))],
      'no-restricted-properties': ['error', ...['window', 'globalThis', 'self'].flatMap((object) => STORAGES.map((property) => ({ object, property, message: ONE_STORAGE })))],
      'no-restricted-imports': ['error', { paths: [{ name: '@vueuse/core', importNames: ['useStorage', 'useStorageAsync', 'useLocalStorage', 'useSessionStorage'], message: ONE_STORAGE }] }],
    },
  },
  {
    files: ['public/**/*.vue'],
    rules: {
      // How a template is laid out is the author's matter.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
    },
  },
  { files: ['public/static/**/*.js'], languageOptions: { globals: globals.browser } },
  { files: ['public/*.ts'], languageOptions: { globals: globals.node } },

  // Size, outside the tests.
  {
    files: [...PRODUCT, ...BROWSER, 'scripts/**', 'bench/**'],
    // These are words more than code, and one place to look.
    ignores: ['services/*.service.ts', 'src/backends/contracts.ts', 'src/protocol/broker.ts', 'src/protocol/wire.ts', 'public/src/i18n/{en,vi}.ts'],
    rules: { 'max-lines': ['error', 250] },
  },
  {
    files: [...PRODUCT, ...BROWSER, 'scripts/**', 'bench/**'],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }] },
  },

  { files: ['scripts/**', 'bench/**', 'test/*/main.ts'], rules: { 'no-console': 'off' } },
  { files: TESTS, languageOptions: { globals: globals.jest } },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
