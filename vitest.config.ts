import { defineConfig } from 'vitest/config';

const results = process.env.HEIMDALLR_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    // A second report in JSON, for whoever wants to count.
    ...(results === undefined || results === ''
      ? {}
      : { reporters: ['default', ['json', { outputFile: results }]] }),
    // `npm run coverage`: how much of each producer its scenarios reach.
    coverage: {
      include: ['producers/*/*.ts'],
      exclude: ['producers/*/simulator.ts'],
      reporter: ['text'],
    },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each file starts its own emulators; more at once than the smallest machine has cores only slows them down.
    maxWorkers: 2,
  },
});
