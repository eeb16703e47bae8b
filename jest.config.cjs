// Source is ESM TypeScript; tests run it as CommonJS (real ESM in jest is slower by half and takes twice the memory).
/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': ['@swc/jest', { module: { type: 'commonjs' }, jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!jose/|remend/)'],
  // It has an entry for `import` alone.
  moduleNameMapper: { '^remend$': '<rootDir>/node_modules/remend/dist/index.js' },
  testTimeout: 20_000,
  reporters: ['default', '<rootDir>/test/support/summary-reporter.cjs'],
  testSequencer: '<rootDir>/test/support/sequencer.cjs',
  globalSetup: '<rootDir>/test/support/global-setup.cjs',
};
