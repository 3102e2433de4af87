// The package's entries: all that a signature names is exported, described, and its examples run.
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as node from '../../src/hosts/node.ts'
import * as sluice from '../../src/index.ts'
import { type Declaration, emitDeclarations, PublicApi } from '../support/public-api.ts'

const entries = ['index', 'hosts/bun', 'hosts/deno', 'hosts/node']

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
  const isTable = /^settings\/(infer|declaration|upstream-options|table\/)/.test(file)
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
  const names = { ...sluice, ...node, console }
  const body = `return (async () => {\n${code}\n})()`
  const run = new Function(...Object.keys(names), body) as (...values: unknown[]) => Promise<void>
  await run(...Object.values(names))
  const expected = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
  const withoutPort = (text = '') => text.replace(/:\d{4,5}/, ':PORT')
  expect(printed.map(withoutPort), name).toEqual(expected.map(withoutPort))
}
