// What `npm test` runs, in this order. A part passes when each of its commands exits with 0.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { binaryOf, root } from './hosts.mjs'
import { capture } from './process.mjs'
import { bringPrometheus } from './prometheus.mjs'
import { bringRedis } from './redis.mjs'
import { browserPackages, chromiumAndMesa, terminalPackages, tmux } from './system.mjs'

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string[][]} commands each an argv; vitest's tests are counted one by one
 * @property {number} seconds how long it may take
 * @property {() => string[]} [packages] the system's packages that it needs and that are absent
 * @property {() => string | undefined} [lacks] why it cannot run here, if it cannot
 * @property {() => string | undefined} [skips] the same, for a part that may be left out then
 * @property {() => void} [prepare]
 * @property {boolean | 'quick'} [isBeside] it runs beside the part before it, or does so where time
 * counts most: both wait more than they work
 * @property {boolean} [isQuick] `npm run test:quick` runs it
 * @property {boolean} [isLong] only `npm run test:all` runs it, or `--only`
 */

const node = binaryOf('node')
const biome = [node, 'node_modules/@biomejs/biome/bin/biome']
const tsc = [node, 'node_modules/typescript/bin/tsc', '--pretty', 'false']
const wrangler = [node, 'node_modules/wrangler/bin/wrangler.js']

export const vitest = [node, 'node_modules/vitest/vitest.mjs']

/** @type {Part[]} */
export const parts = [
  { name: 'format', commands: [[...biome, 'check', '--linter-enabled=false']], seconds: 60 },
  { name: 'lint', commands: [[...biome, 'lint', '--error-on-warnings']], seconds: 60 },
  { name: 'unused', commands: [[node, 'node_modules/knip/bin/knip.js']], seconds: 60 },
  {
    name: 'types',
    commands: projects().map((name) => [
      ...tsc,
      '-p',
      `tsconfig${name}.json`,
      ...remembering(name),
    ]),
    prepare: writeDenoTypes,
    seconds: 300,
    isQuick: true,
  },
  { ...classes('unit', ['unit', 'isolated'], 300), isQuick: true, isBeside: true },
  { ...classes('in-process', ['in-process'], 300), isQuick: true, isBeside: 'quick' },
  { ...classes('slow', ['slow'], 600), isBeside: true },
  {
    name: 'fuzz',
    commands: [[node, '--max-old-space-size=768', 'test/fuzz/main.ts', '--short']],
    seconds: 600,
    isBeside: true,
  },
  // Apart from all others, as they measure time.
  classes('timing', ['timing'], 600),
  ...onHosts('', ['test.ts', 'operating.test.ts']),
  ...onHosts('-timing', ['timing.test.ts']),
  classes('faults', ['faults'], 600),
  // Not beside the package, which builds the same files.
  {
    ...classes('page', ['page'], 600),
    packages: browserPackages,
    lacks: chromiumAndMesa,
    isBeside: true,
  },
  tests('load', 'test/faults/load.test.ts', 120),
  tests('package', 'test/package/', 300),
  {
    ...tests('terminal', 'test/terminal/', 600),
    packages: terminalPackages,
    skips: tmux,
    isBeside: true,
  },
  // It downloads Debian's package once.
  {
    ...tests('prometheus', 'test/prometheus/', 300),
    skips: bringPrometheus,
    isBeside: true,
  },
  { ...classes('objects', ['objects'], 300), isBeside: true },
  // It downloads Debian's packages once.
  { ...classes('redis', ['redis'], 300), skips: bringRedis, isBeside: true },
  // It installs VitePress once.
  {
    ...tests('docs', 'test/site/', 300),
    packages: browserPackages,
    lacks: chromiumAndMesa,
    isBeside: true,
  },
  {
    ...tests('webgpu', 'test/webgpu/', 900),
    packages: browserPackages,
    lacks: chromiumAndMesa,
    isBeside: true,
  },
  // Not beside the package, which builds the same files.
  {
    name: 'wrangler',
    commands: [[...wrangler, 'deploy', '--dry-run', '--outdir', '.wrangler/dry-run']],
    seconds: 120,
  },
  { ...tests('soak', 'test/soak/', 300), isLong: true },
  { ...classes('long', ['long'], 1800), skips: bringRedis, isLong: true },
]

/** @param {string} name @param {string} path @param {number} seconds @returns {Part} */
function tests(name, path, seconds) {
  return { name, commands: [[...vitest, 'run', path]], seconds }
}

/**
 * Classes of tests, as vitest.config.ts has them.
 * @param {string} name @param {string[]} projects @param {number} seconds
 * @returns {Part}
 */
function classes(name, projects, seconds) {
  const chosen = projects.flatMap((project) => ['--project', project])
  return { name, commands: [[...vitest, 'run', ...chosen]], seconds }
}

/**
 * The conformance suite, on all hosts at once.
 * @param {string} suffix of the parts' names @param {string[]} endings of the files' names
 * @returns {Part[]}
 */
function onHosts(suffix, endings) {
  return ['bun', 'deno', 'node', 'workerd'].map((host, index) => {
    const files = endings.map((ending) => `test/hosts/${host}.${ending}`)
    const commands = [[...vitest, 'run', ...files]]
    return { name: host + suffix, commands, seconds: 900, isBeside: index > 0 }
  })
}

function projects() {
  return ['', '.bun', '.deno', '.node', '.worker', '.test', '.page', '.demo', '.bench', '.examples']
}

/** What did not change since the last time is not checked anew. @param {string} name of a project */
function remembering(name) {
  const file = `node_modules/.cache/sluice/types/project${name}.tsbuildinfo`
  return ['--incremental', '--tsBuildInfoFile', file]
}

function writeDenoTypes() {
  const path = join(root, 'node_modules/.cache/sluice/deno.d.ts')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, capture(binaryOf('deno'), ['types']))
}
