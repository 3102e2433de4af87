// Writes biome.layout.json, the linter's rules on which folder of src may import which:
//   node scripts/layout.mjs

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './hosts.mjs'

/** What every folder may import. */
const everywhere = ['wire', 'util', 'version.ts']

const core = [
  'tabs',
  'dialects',
  'guard',
  'engines',
  'state',
  'telemetry',
  'stream',
  'settings',
  'platform',
]
const programs = [
  ...core,
  'routes',
  'transport',
  'recording',
  'check',
  'handler.ts',
  'composed-handler.ts',
  'options.ts',
]

/**
 * The folders of src, lowest first, and what each may import besides itself and `everywhere`.
 * @type {Record<string, string[]>}
 */
export const layout = {
  util: [],
  wire: [],
  platform: [],
  settings: ['platform'],
  transport: ['platform'],
  stream: ['platform'],
  dialects: ['stream'],
  state: ['stream', 'settings', 'platform'],
  telemetry: ['stream', 'settings', 'platform'],
  guard: ['state', 'settings', 'platform'],
  recording: ['stream', 'settings', 'platform'],
  // It checks recordings.
  check: ['recording', 'stream', 'settings', 'platform'],
  engines: ['stream', 'transport', 'settings', 'platform'],
  tabs: ['engines', 'stream', 'settings', 'platform'],
  routes: core,
  cli: programs,
  hosts: [...programs, 'cli'],
}

/**
 * Folders that may import more than the one they are in.
 * @type {Record<string, string[]>}
 */
const exceptions = {
  // The engine that plays a recording.
  'engines/replay': ['recording'],
  // A capture is a recording.
  'telemetry/captures': ['recording'],
}

/** @type {Record<string, string[]>} */
const files = {
  'composed-handler.ts': [...core, 'routes', 'options.ts'],
  'handler.ts': [...core, 'routes', 'composed-handler.ts', 'options.ts'],
  // The command, which starts a host.
  'cli/sluice.ts': ['hosts', 'cli'],
  'index.ts': [...core, 'routes', 'handler.ts', 'options.ts'],
  'parts.ts': [...core, 'routes', 'composed-handler.ts', 'options.ts'],
  'options.ts': [...core, 'routes'],
  'version.ts': [],
}

/** One override for each folder and depth, since an import path depends on where its file lies. */
function layoutRules() {
  const overrides = []
  for (const [folder, allowed] of Object.entries(layout)) {
    const names = [folder, ...allowed, ...everywhere]
    for (const depth of [1, 2, 3]) {
      const glob = `src/${folder}/${'*/'.repeat(depth - 1)}*.ts`
      overrides.push(override(glob, '../'.repeat(depth), names))
    }
  }
  for (const [folder, extra] of Object.entries(exceptions)) {
    const path = folder.split('/')
    const [top = ''] = path
    const names = [top, ...(layout[top] ?? []), ...extra, ...everywhere]
    overrides.push(override(`src/${folder}/*.ts`, '../'.repeat(path.length), names))
  }
  for (const [file, allowed] of Object.entries(files)) {
    const up = '../'.repeat(file.split('/').length - 1) || './'
    overrides.push(override(`src/${file}`, up, [...allowed, ...everywhere]))
  }
  return { overrides }
}

/**
 * @param {string} glob the files that it is for
 * @param {string} up the path from them to src
 * @param {string[]} names what they may import of src
 */
function override(glob, up, names) {
  const allowed = names.map((name) => `!${up}${name}${name.endsWith('.ts') ? '' : '/**'}`)
  // Only these folders may use Node's modules: their code runs on Node, Bun and Deno alone.
  const foreign = glob.startsWith('src/hosts/') || glob.startsWith('src/cli/') ? [] : ['node:*']
  const message = `${glob} may import ${names.join(', ')}; scripts/layout.mjs says why.`
  const patterns = [{ group: [`${up}**`, ...foreign, ...allowed], message }]
  const rules = { style: { noRestrictedImports: { level: 'error', options: { patterns } } } }
  return { includes: [glob], linter: { rules } }
}

/** The file's text, as the formatter leaves it. */
export function layoutFile() {
  return `${JSON.stringify(layoutRules(), null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'biome.layout.json'), layoutFile())
}
