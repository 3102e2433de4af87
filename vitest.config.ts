import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { CAPABILITIES, type Capability, tagOf } from './test/support/hosts.ts'

const lacks = Object.entries(CAPABILITIES).map(([name, description]) => {
  return { name: tagOf(name as Capability), description: `The host lacks ${description}.` }
})

const slow = 'test/unit/**/*.slow.test.ts'
const timing = 'test/{unit,hosts/in-process}/**/*.timing.test.ts'
const isolated = 'test/unit/**/*.isolated.test.ts'
const pace = 'test/hosts/*.timing.test.ts'
const page = 'test/page/*.test.ts'
const faults = 'test/faults/{bun,deno,node,workerd}.test.ts'
const long = 'test/**/*.long.test.ts'

/** The classes of tests, by what they need of the machine. CONTRIBUTING.md tells of them. */
const projects: Record<string, TestProjectInlineConfiguration['test']> = {
  unit: {
    include: ['test/unit/**/*.test.ts'],
    exclude: [slow, timing, isolated, long],
    maxWorkers: 2,
    // They start nothing and wait for little: most of their time went into loading modules anew for
    // each file. What a file changes of the globals it has to put back.
    pool: 'threads',
    isolate: false,
  },
  // They change what a whole thread shares.
  isolated: { include: [isolated], maxWorkers: 2 },
  // They wait for most of their time.
  'in-process': {
    include: ['test/hosts/in-process/*.test.ts'],
    exclude: [timing],
    maxWorkers: 4,
    maxConcurrency: 40,
  },
  slow: { include: [slow], maxWorkers: 2 },
  // They measure time: two files at once would blur each other's.
  timing: { include: [timing], maxWorkers: 1 },
  pace: { include: [pace], maxWorkers: 1 },
  // The tests that run beside each other, here and in the next class, wait for most of their time.
  hosts: {
    include: ['test/hosts/*.test.ts'],
    exclude: [pace, long],
    maxWorkers: 2,
    maxConcurrency: 40,
  },
  faults: { include: [faults], maxWorkers: 2, maxConcurrency: 40 },
  // They wait for real servers of Redis for most of their time.
  redis: { include: ['test/redis/**/*.test.ts'], exclude: [long], maxWorkers: 2 },
  // They wait for workerd and for the ends of leases.
  objects: { include: ['test/objects/**/*.test.ts'], exclude: [long], maxWorkers: 3 },
  // They wait for the page half of their time.
  page: {
    include: [page],
    exclude: [long],
    globalSetup: 'test/page/support/setup.ts',
    maxWorkers: 3,
    maxConcurrency: 4,
    // Several draw at once.
    testTimeout: 90_000,
    // A browser that starves beside other tests.
    retry: 1,
  },
  rest: {
    include: ['test/*/**/*.test.ts'],
    exclude: [
      ...['test/unit/**', 'test/hosts/**', 'test/redis/**', 'test/objects/**'],
      ...[faults, page, long],
    ],
    maxWorkers: 1,
  },
  // They take minutes, and run alone.
  long: {
    include: [long],
    globalSetup: 'test/page/support/setup.ts',
    maxWorkers: 1,
    testTimeout: 600_000,
  },
}

/** The source of what a package exports under this name, for the examples that import it. */
function source(name: string, path: string) {
  return { find: new RegExp(`^${name}$`), replacement: new URL(path, import.meta.url).pathname }
}

export default defineConfig({
  resolve: {
    alias: [
      source('@sluice/sluice', 'src/index.ts'),
      source('@sluice/sluice/node', 'src/hosts/node.ts'),
    ],
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    tags: [
      ...lacks,
      { name: 'judges-others', description: 'It judges what the tests before it left.' },
    ],
    projects: Object.entries(projects).map(([name, test], groupOrder) => ({
      extends: true,
      test: { ...test, name, sequence: { groupOrder } },
    })),
  },
})
