// What `npm test` runs, in this order. A part passes when each of its commands exits with 0.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { binaryOf, root } from './hosts.mjs'
import { capture } from './process.mjs'
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
 * @property {boolean} [isBeside] it runs beside the part before it: both wait more than they work
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
    commands: projects().map((path) => [...tsc, '-p', path]),
    prepare: writeDenoTypes,
    seconds: 300,
  },
  tests('unit', 'test/unit/', 600),
  tests('bun', 'test/hosts/bun.test.ts', 900),
  { ...tests('deno', 'test/hosts/deno.test.ts', 900), isBeside: true },
  tests('node', 'test/hosts/node.test.ts', 900),
  { ...tests('workerd', 'test/hosts/workerd.test.ts', 900), isBeside: true },
  // Most of its rows wait for a limit to pass.
  tests('faults', 'test/faults/', 600, ['--maxConcurrency', '40']),
  tests('package', 'test/package/', 300),
  {
    name: 'wrangler',
    commands: [[...wrangler, 'deploy', '--dry-run', '--outdir', '.wrangler/dry-run']],
    seconds: 120,
  },
  { ...tests('terminal', 'test/terminal/', 600), packages: terminalPackages, skips: tmux },
  { ...tests('webgpu', 'test/webgpu/', 900), packages: browserPackages, lacks: chromiumAndMesa },
  { ...tests('page', 'test/page/', 600), packages: browserPackages, lacks: chromiumAndMesa },
]

/**
 * @param {string} name @param {string} path @param {number} seconds @param {string[]} [flags]
 * @returns {Part}
 */
function tests(name, path, seconds, flags = []) {
  return { name, commands: [[...vitest, 'run', path, ...flags]], seconds }
}

function projects() {
  const rooms = ['bun', 'deno', 'node', 'worker', 'test', 'page', 'demo', 'bench']
  return ['tsconfig.json', ...rooms.map((name) => `tsconfig.${name}.json`)]
}

function writeDenoTypes() {
  const path = join(root, 'node_modules/.cache/sluice/deno.d.ts')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, capture(binaryOf('deno'), ['types']))
}
