import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: ['test/{bench,core,demo,protocol,server,soak}/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Browsers, encoders and servers share two cores: one after the other, or nothing measured means anything.
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'cluster',
          environment: 'node',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Each file has its own Redis; two that are stopped and started at once would only wait for the processor.
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          // By `npm run test:whip` only: it needs the namespace and the server of test/whip/run.mjs.
          name: 'whip',
          environment: 'node',
          include: ['test/whip/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: 'examples',
          environment: 'node',
          include: ['test/examples/**/*.test.ts'],
          // The first waits for what it needs to be installed and built.
          testTimeout: 240_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          // By `npm run test:turn` only: it needs the networks that test/turn/run.mjs makes.
          name: 'turn',
          environment: 'node',
          include: ['test/turn/**/*.test.ts'],
          // Credentials live for a minute at least, and one test waits until they have ended.
          testTimeout: 240_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          // By `npm run test:faults` only: it needs the networks that test/faults/run.mjs makes.
          name: 'faults',
          environment: 'node',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        test: {
          // By `npm run test:camera` only: it needs the namespace that test/camera/run.mjs makes.
          name: 'camera',
          environment: 'node',
          include: ['test/camera/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
    ],
  },
});
