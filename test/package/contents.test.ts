// What is in the package that npm would deliver: nothing missing, nothing that misleads a tool.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { webllmFile } from '../../scripts/page.mjs'
import { pack, unpack } from './packed.ts'
import budget from './size-budget.json' with { type: 'json' }

interface Description {
  name: string
  sideEffects: string[]
  exports: Record<string, unknown>
}

const exec = promisify(execFile)

/** Below the repository, so that the packages that sluice depends on are found from there. */
let folder: string
let tarball: string
let installed: string
let description: Description
let files: string[]

beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache/sluice')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'contents-'))
  tarball = await pack(folder)
  installed = await unpack(tarball, folder)
  description = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  const entries = await readdir(installed, { recursive: true, withFileTypes: true })
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(installed, join(entry.parentPath, entry.name)))
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the tools that judge packages', () => {
  it('find nothing in package.json: publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('find types for every export: are-the-types-wrong', async () => {
    const packed = createPackageFromTarballData(new Uint8Array(await readFile(tarball)))
    const result = await checkPackage(packed)
    if (!result.types) throw new Error('The package has no types')
    expect(Object.keys(result.entrypoints).sort()).toEqual(Object.keys(description.exports).sort())
    // sluice is ES modules alone, for Node 22 and newer: the resolution of Node 10 and `require`
    // without ES modules do not concern it.
    const ignored = ['node10', 'node16-cjs']
    const problems = result.problems.filter(
      (problem) => !('resolutionKind' in problem && ignored.includes(problem.resolutionKind)),
    )
    expect(problems).toEqual([])
  })
})

describe('the files', () => {
  it('are what a user needs and nothing else', () => {
    const top = new Set(files.map((file) => file.split('/')[0]))
    expect([...top].sort()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'THIRD-PARTY-NOTICES.txt',
      'bench',
      'deploy',
      'dist',
      'docs',
      'examples',
      'package.json',
    ])
    const code = files.filter((file) => file.startsWith('dist/'))
    expect(code.length).toBeGreaterThan(100)
    const kinds = /(\.js|\.js\.gz|\.d\.ts|\.css|\.html|\.svg|\.json|\/THIRD-PARTY-NOTICES\.txt)$/
    expect(code.filter((file) => !kinds.test(file))).toEqual([])
    // .ts sources would be preferred to the .d.ts files beside them.
    expect(code.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([])
  })

  it('refer to no source map, since the sources are not packed', async () => {
    const scripts = files.filter((file) => /\.(js|css|ts)$/.test(file))
    const texts = await Promise.all(scripts.map((file) => readFile(join(installed, file), 'utf8')))
    const mapped = scripts.filter((_, i) => /^\/[/*][#@] sourceMappingURL=/m.test(texts[i] ?? ''))
    expect(mapped).toEqual([])
  })

  it('declare types for each module that they import types from', async () => {
    const declarations = files.filter((file) => file.endsWith('.d.ts'))
    for (const file of declarations) {
      const text = await readFile(join(installed, file), 'utf8')
      for (const [, path = ''] of text.matchAll(/(?:from|import\() ?['"](\.[^'"]+)['"]/g)) {
        const target = join(dirname(file), path).replace(/\.[jt]s$/, '.d.ts')
        expect(files, `${file} imports ${path}`).toContain(target)
      }
    }
  })

  it('hold each other file that their guides link to', async () => {
    const guides = files.filter((file) => file.endsWith('.md'))
    expect(guides.length).toBeGreaterThan(5)
    for (const guide of guides) {
      const text = await readFile(join(installed, guide), 'utf8')
      for (const [, link = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        const target = join(installed, dirname(guide), link)
        const remedy = `${guide} links to ${link}: add it to "files" in package.json`
        expect(existsSync(target), remedy).toBe(true)
      }
    }
  })

  it('hold the licence and its holder', async () => {
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toMatch(
      /^MIT License\n\nCopyright \(c\) \d{4} sluice contributors\n/,
    )
  })

  it('are packed and unpacked within their budgets', async () => {
    const remedy = 'make the package smaller, or change test/package/size-budget.json and say why'
    expect((await stat(tarball)).size, remedy).toBeLessThan(budget.tarball)
    const sizes = await Promise.all(files.map((file) => stat(join(installed, file))))
    const sum = sizes.reduce((total, { size }) => total + size, 0)
    expect(sum, remedy).toBeLessThan(budget.installed)
  })

  it('hold what was packed when the page was built only so, and every other file as it is', () => {
    const assets = files.filter((file) => file.startsWith('dist/page/assets/'))
    expect(assets.length).toBeGreaterThan(10)
    const packed = assets.filter((file) => file.endsWith('.gz'))
    expect(packed).toEqual([`dist/page/assets/${webllmFile()}.gz`])
    expect(assets).not.toContain(`dist/page/assets/${webllmFile()}`)
  })

  it('are none of the tests, and no source of the page or of a script', () => {
    expect(
      files.filter((file) => /(^|\/)(test|demo|scripts|\.github)\/|\.test\.|\.map$/.test(file)),
    ).toEqual([])
    expect(
      files.filter((file) => /binary|embedded-files/.test(file) && file.startsWith('dist/')),
    ).toEqual([])
  })

  it.each(Object.entries(budget.packed))('hold %s within its budget', async (file, allowed) => {
    const { length } = await readFile(join(installed, file))
    const remedy = `${file}: make it smaller, or change test/package/size-budget.json and say why`
    expect(length, remedy).toBeLessThan(allowed)
    expect(length, `${file}: expected it bundled`).toBeGreaterThan(allowed / 2)
  })
})

describe('side effects', () => {
  /** The files of package.json's `sideEffects`, whose patterns are all plain paths or folders. */
  function hasSideEffects(file: string): boolean {
    return description.sideEffects.some((pattern) =>
      pattern.endsWith('/**')
        ? `./${file}`.startsWith(pattern.slice(0, -2))
        : `./${file}` === pattern,
    )
  }

  it('are stated of files that exist', () => {
    for (const pattern of description.sideEffects) {
      const stated = pattern.replace(/^\.\//, '').replace(/\*\*$/, '')
      expect(files.some((file) => file.startsWith(stated))).toBe(true)
    }
  })

  it.each(['node', 'bun', 'deno'] as const)('are all stated: %s', async (runtime) => {
    const others = ['bun', 'deno', 'node', 'workerd'].filter((name) => name !== runtime)
    const foreign = new RegExp(`^dist/hosts/(${others.join('|')})[./]`)
    const modules = files.filter(
      (file) => /^dist\/.*\.js$/.test(file) && !hasSideEffects(file) && !foreign.test(file),
    )
    expect(modules.length).toBeGreaterThan(100)
    const urls = modules.map((file) => new URL(`file://${join(installed, file)}`).href)
    const script = join(folder, 'import-all.mjs')
    await writeFile(script, importAll(urls))
    const before = runtime === 'deno' ? ['run', '--allow-all', '--no-lock'] : []
    // It ends by itself only where no import has left a timer or a socket behind.
    const ended = await exec(binaryOf(runtime), [...before, script], { timeout: 60_000 })
    expect(ended).toEqual({ stdout: `{"imported":${urls.length},"changed":[]}\n`, stderr: '' })
  })

  it('keep an unused import out of a bundle', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents:
          "import '@sluice/sluice'\nimport '@sluice/sluice/edge'\nimport '@sluice/sluice/edge-chat'",
        resolveDir: folder,
      },
      bundle: true,
      write: false,
      format: 'esm',
      logLevel: 'error',
    })
    expect(outputFiles[0]?.text).toBe('')
  })
})

/** A program that imports each module and prints what that changed outside them. */
function importAll(urls: string[]): string {
  return `
import process from 'node:process'
// What these do at their import is stated by their own packages.
await import('zod/mini')
await import('srvx/node')
const looks = () => {
  const found = new Map()
  for (const name of Reflect.ownKeys(globalThis)) {
    const { value } = Object.getOwnPropertyDescriptor(globalThis, name)
    found.set(String(name), value)
    if (typeof value !== 'function') continue
    for (const holder of [value, value.prototype]) {
      if (Object(holder) !== holder) continue
      for (const key of Reflect.ownKeys(holder)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key)
        const path = [name, holder === value ? '' : 'prototype', key].map(String).join('.')
        found.set(path, value ?? get ?? set)
      }
    }
  }
  for (const event of ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM'])
    found.set('process on ' + event, process.listenerCount(event))
  for (const [name, value] of Object.entries(process.env)) found.set('env ' + name, value)
  return found
}
// Twice: a global may take its final form when it is first read, or be another at each reading.
const first = looks()
const before = looks()
const urls = ${JSON.stringify(urls)}
for (const url of urls) await import(url)
const after = looks()
const names = new Set([...before.keys(), ...after.keys()])
const isSteady = (name) => Object.is(first.get(name), before.get(name))
const isChanged = (name) => !Object.is(before.get(name), after.get(name))
const changed = [...names].filter((name) => isSteady(name) && isChanged(name))
console.log(JSON.stringify({ imported: urls.length, changed }))
`
}
