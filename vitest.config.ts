import { defineConfig } from 'vitest/config'
import { CAPABILITIES, type Capability, tagOf } from './test/support/hosts.ts'

const lacks = Object.entries(CAPABILITIES).map(([name, description]) => {
  return { name: tagOf(name as Capability), description: `The host lacks ${description}.` }
})

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Timing is what many tests are about: two files at once would blur each other's.
    fileParallelism: false,
    tags: lacks,
  },
})
