/**
 * A time-out ends a test that hangs, and nothing else: machines of CI are several times slower than ours, stall for
 * seconds, and run other workers beside. Hooks, which start servers and databases, have the same.
 */
const TEST_MS_MAX = 120_000;
const transform = { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json' }] };

/**
 * Four sizes of test. unit: no database; integration: use cases and repositories on real PostgreSQL;
 * e2e: HTTP in, JSON out, with the sandbox exchange and wallet as counterparts; browser: the same looked at by people.
 */
module.exports = {
  reporters: [
    'default',
    '<rootDir>/test/support/protocol-coverage-reporter.js',
    '<rootDir>/test/support/summary-reporter.js',
  ],
  maxWorkers: 2,
  testTimeout: TEST_MS_MAX,
  projects: [
    {
      displayName: 'unit',
      testEnvironment: 'node',
      transform,
      testMatch: [
        '<rootDir>/src/**/*.spec.ts',
        '<rootDir>/sandbox/**/*.spec.ts',
        '<rootDir>/test/unit/**/*.spec.ts',
      ],
    },
    {
      displayName: 'integration',
      testEnvironment: 'node',
      transform,
      testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
    {
      displayName: 'e2e',
      testEnvironment: 'node',
      transform,
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/coverage/record-tests.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
    {
      displayName: 'browser',
      testEnvironment: 'node',
      transform,
      testMatch: ['<rootDir>/test/browser/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
  ],
};
