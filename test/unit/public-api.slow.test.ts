// The package's entries: all that a signature names is exported, described, and its examples run.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import * as node from '../../src/hosts/node.ts'
import * as sluice from '../../src/index.ts'
import * as parts from '../../src/parts.ts'
import { type Declaration, emitDeclarations, PublicApi } from '../support/public-api.ts'

const entries = ['index', 'parts', 'hosts/bun', 'hosts/deno', 'hosts/node']

let folder: string
let api: PublicApi
beforeAll(() => {
  folder = emitDeclarations()
  api = new PublicApi(folder)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

/** All that is exported somewhere, each declaration once. */
function exported(): Declaration[] {
  return [...new Set(entries.flatMap((entry) => [...api.exportsOf(entry).values()]))]
}

/**
 * What the types of settings are derived from, and by: their members are shown in full, so that nobody
 * has to name these.
 */
function isDerivation({ file, name }: Declaration): boolean {
  const isTable = /^settings\/(infer|declaration|upstream-options|table\/|generated\/)/.test(file)
  return isTable || (file === 'settings/types' && name === 'Read') || name === 'keyOptions'
}

const shown = ({ file, name }: Declaration) => `${name} (src/${file}.ts)`

it('exports all that a signature names', () => {
  const known = new Set(exported())
  expect(known.size).toBeGreaterThan(50)
  const missing = new Set<string>()
  for (const declaration of known) {
    if (isDerivation(declaration)) continue
    for (const named of api.namedIn(declaration)) {
      if (!known.has(named) && !isDerivation(named))
        missing.add(`${shown(named)}, named by ${shown(declaration)}`)
    }
  }
  expect([...missing].sort()).toEqual([])
})

it('exports from sluice itself what the servers’ options and results name', () => {
  const main = new Set(api.exportsOf('index').values())
  for (const entry of entries.slice(1)) {
    const own = [...api.exportsOf(entry).values()]
    for (const declaration of own) {
      for (const named of api.namedIn(declaration)) {
        const isNameable = main.has(named) || own.includes(named) || isDerivation(named)
        expect(isNameable, shown(named)).toBe(true)
      }
    }
  }
})

it('describes each export', () => {
  const bare = exported().filter(({ comment }) => comment.trim() === '')
  expect(bare.map(shown)).toEqual([])
})

it('shows how each function and class is used', () => {
  const callable = exported().filter(({ kind }) => kind === 'function' || kind === 'class')
  expect(callable.length).toBeGreaterThan(6)
  const without = callable.filter(({ comment }) => exampleIn(comment) === undefined)
  expect(without.map(shown)).toEqual([])
})

describe('an example', () => {
  it('runs, and prints what it says', async () => {
    for (const { name, comment } of exported()) {
      const code = exampleIn(comment)
      if (code !== undefined) await runExample(name, code)
    }
  })

  it('is the same for each runtime’s server', () => {
    const examples = ['bun', 'deno', 'node'].map((runtime) => {
      return exampleIn(api.exportsOf(`hosts/${runtime}`).get('serve')?.comment ?? '')
    })
    expect(new Set(examples).size).toBe(1)
  })
})

it('compiles for a program that has installed it, which can declare what it makes', () => {
  const program = mkdtempSync(join(tmpdir(), 'sluice-consumer-'))
  const modules = join(program, 'node_modules')
  mkdirSync(join(modules, '@sluice/sluice'), { recursive: true })
  cpSync(join(root, 'package.json'), join(modules, '@sluice/sluice/package.json'))
  renameSync(folder, join(modules, '@sluice/sluice/dist'))
  for (const name of ['zod', 'itty-router', 'srvx', '@types', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(program, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(program, 'program.ts'),
    `import * as sluice from '@sluice/sluice'
import { serve } from '@sluice/sluice/node'
import { chat, composeHandler, models, partSettings } from '@sluice/sluice/parts'
export const handler = sluice.createHandler({ upstream: [{ url: 'http://a' }], insecure: true })
export const engine = sluice.defineEngine({
  label: 'own',
  models: ['own'],
  async *chat({ messages }) {
    yield String(messages.length)
  },
})
export const settings = sluice.parseSettings({ queue: 3 })
export const input = sluice.settingsFromEnv({})
export const start = () => serve({ engines: [engine] })
export const error = new sluice.ApiError(400, 'No.')
export const parts = [chat, models]
export const composed = composeHandler(parts, partSettings(parts, {}), {
  engines: [engine],
  log: ({ status }) => console.log(status),
})
`,
  )
  const options = ['--strict', '--declaration', '--skipLibCheck', 'false', '--module', 'nodenext']
  const more = ['--target', 'es2024', '--lib', 'es2024', '--types', 'node', '--outDir', 'out']
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(binaryOf('node'), [tsc, ...options, ...more, 'program.ts'], {
    cwd: program,
    encoding: 'utf8',
  })
  const declared = readFileSync(join(program, 'out/program.d.ts'), 'utf8')
  renameSync(join(modules, '@sluice/sluice/dist'), folder)
  rmSync(program, { recursive: true })
  expect(stdout).toBe('')
  expect(status).toBe(0)
  for (const type of ['Handler', 'Engine', 'Settings', 'SettingsInput', 'ApiError']) {
    expect(declared).toContain(`: sluice.${type};`)
  }
  expect(declared).toContain('parts: import("@sluice/sluice/parts").ComposedPart[];')
}, 120_000)

/** The code behind `@example`, which ends its comment. */
function exampleIn(comment: string): string | undefined {
  const [, code] = /@example\n([\s\S]*)$/.exec(comment.replace(/^ *\* ?/gm, '')) ?? []
  return code?.trim()
}

/**
 * Runs code that may name every export. Each line that prints says behind `//` what it prints; a
 * port is another one each time.
 */
async function runExample(name: string, code: string): Promise<void> {
  const printed: string[] = []
  const console = { log: (...values: unknown[]) => printed.push(values.map(String).join(' ')) }
  const names = { ...sluice, ...parts, ...node, console }
  const body = `return (async () => {\n${code}\n})()`
  const run = new Function(...Object.keys(names), body) as (...values: unknown[]) => Promise<void>
  await run(...Object.values(names))
  const expected = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
  const withoutPort = (text = '') => text.replace(/:\d{4,5}/, ':PORT')
  expect(printed.map(withoutPort), name).toEqual(expected.map(withoutPort))
}
