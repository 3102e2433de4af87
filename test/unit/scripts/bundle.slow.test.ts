import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

let checkout: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
  for (const folder of ['scripts', 'src', 'node_modules']) mkdirSync(join(checkout, folder))
  copyFileSync(join(root, 'scripts/bundle.mjs'), join(checkout, 'scripts/bundle.mjs'))
  write('package-lock.json', '{}')
  write('src/word.ts', "export const word: string = 'first'\n")
  write('src/say.ts', "import { word } from './word.ts'\nconsole.log(word)\n")
})

afterEach(() => rmSync(checkout, { recursive: true }))

function write(file: string, text: string): void {
  writeFileSync(join(checkout, file), text)
}

function installEsbuild(): void {
  symlinkSync(join(root, 'node_modules/esbuild'), join(checkout, 'node_modules/esbuild'))
}

async function makeBundle(runtime: 'bun' | 'deno' | 'node' = 'node'): Promise<string> {
  const url = pathToFileURL(join(checkout, 'scripts/bundle.mjs'))
  const { bundle } = (await import(url.href)) as {
    bundle(entry: string, runtime: string, binary: string): string
  }
  return bundle('src/say.ts', runtime, binaryOf(runtime))
}

function run(path: string, runtime = process.execPath): string {
  return execFileSync(runtime, [path], {
    cwd: checkout,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
}

it('is one file that does the same, and is not made twice', async () => {
  installEsbuild()
  const path = await makeBundle()
  expect(path).toMatch(/\.cjs$/)
  expect(run(path)).toBe('first')
  expect(await makeBundle()).toBe(path)
  expect(await makeBundle('deno')).toMatch(/\.mjs$/)
})

it('calls the main of its entry, and no other', async () => {
  installEsbuild()
  write(
    'src/word.ts',
    "export const word: string = 'x'\nif (import.meta.main) console.log('word')\n",
  )
  const main = "export function main() { console.log('main') }\nif (import.meta.main) main()\n"
  write('src/say.ts', `import './word.ts'\n${main}`)
  expect(run(await makeBundle())).toBe('main')
  expect(run(await makeBundle('deno'))).toBe('main')
})

it('is made anew where any source has changed', async () => {
  installEsbuild()
  const before = await makeBundle()
  write('src/word.ts', "export const word: string = 'another'\n")
  const path = await makeBundle()
  expect(path).not.toBe(before)
  expect(run(path)).toBe('another')
  expect(() => run(before)).toThrow()
})

it('is the source itself where it cannot be made', async () => {
  expect(await makeBundle()).toBe('src/say.ts')
  installEsbuild()
  write('src/word.ts', 'export const word = ;\n')
  expect(await makeBundle()).toBe('src/say.ts')
})

it('has its bytecode beside it where Bun runs it', async () => {
  installEsbuild()
  const bun = binaryOf('bun')
  const path = await makeBundle('bun')
  expect(existsSync(`${path}.jsc`)).toBe(true)
  expect(run(path, bun)).toBe('first')
  expect(await makeBundle('bun')).toBe(path)
})
