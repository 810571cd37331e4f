export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  // dist/ and package/ carry a second package.json's worth of chunks; .cache/ holds downloads
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/package/', '<rootDir>/.cache/'],
  testEnvironment: 'node',
  testTimeout: 120_000,
  // jest gives half a second, which a busy machine needs to end a worker with nothing open; what is open after this, stays so
  workerGracefulExitTimeout: 15_000,
};
