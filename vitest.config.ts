import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Timing is what many tests are about: two files at once would blur each other's.
    fileParallelism: false,
  },
})
