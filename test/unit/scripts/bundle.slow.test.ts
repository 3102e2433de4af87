import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

let checkout: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
  for (const folder of ['scripts', 'src', 'node_modules']) mkdirSync(join(checkout, folder))
  for (const script of ['scripts/bundle.mjs', 'scripts/bundle-parts.mjs']) {
    copyFileSync(join(root, script), join(checkout, script))
  }
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

function run(
  path: string,
  runtime = process.execPath,
  how: string[] = [],
  more: string[] = [],
): string {
  return execFileSync(runtime, [...how, path, ...more], {
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

it('is the same one whichever runtime asks for it', async () => {
  installEsbuild()
  const script = `import { bundle } from './scripts/bundle.mjs'
console.log(bundle('src/say.ts', 'node', ''))`
  write('ask.mjs', script)
  const path = await makeBundle()
  expect(run(join(checkout, 'ask.mjs'), binaryOf('bun'))).toBe(path)
  expect(run(join(checkout, 'ask.mjs'), binaryOf('node'))).toBe(path)
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

describe.each(['bun', 'deno', 'node'] as const)('what is imported later, on %s', (runtime) => {
  beforeEach(() => {
    installEsbuild()
    symlinkSync(join(root, 'node_modules/zod'), join(checkout, 'node_modules/zod'))
    write(
      'src/shared.ts',
      "import * as z from 'zod/mini'\nexport class Shared {}\nexport const link = 'first'\nexport const schema = z.string()\n",
    )
    write(
      'src/later.ts',
      "import * as z from 'zod/mini'\nimport { link as word, Shared } from './shared.ts'\nexport const modules = [word, z.array(z.number()).safeParse([1]).success, [...z.regexes.hex.source].length > 0]\nexport const isSame = (shared: unknown) => shared instanceof Shared\n",
    )
    write(
      'src/say.ts',
      "import { Shared, schema } from './shared.ts'\nexport async function main() {\n  const { modules, isSame } = await import('./later.ts')\n  console.log(JSON.stringify([modules, isSame(new Shared()), schema.safeParse('x').success]))\n}\n",
    )
  })

  it('is a second file, which shares everything with the first', async () => {
    const path = await makeBundle(runtime)
    const how = runtime === 'deno' ? ['run', '--allow-read'] : []
    expect(run(path, binaryOf(runtime), how)).toBe('[["first",true,true],true,true]')
    const rest = path.replace(/(\.\w+)$/, '-rest$1')
    expect(readFileSync(rest, 'utf8')).toContain('isSame')
    expect(readFileSync(rest, 'utf8')).not.toContain('ZodMiniArray')
    expect(readFileSync(path, 'utf8')).not.toContain('instanceof Shared')
  })

  it('is loaded soon where it is not needed, so that a later build may remove the file', async () => {
    write(
      'src/say.ts',
      "export async function main() {\n  await new Promise((resolve) => setTimeout(resolve, 1500))\n  const { rmSync } = await import('node:fs')\n  rmSync(process.argv[2])\n  console.log((await import('./later.ts')).modules[0])\n}\n",
    )
    const path = await makeBundle(runtime)
    const how = runtime === 'deno' ? ['run', '--allow-read', '--allow-write'] : []
    const rest = path.replace(/(\.\w+)$/, '-rest$1')
    expect(run(path, binaryOf(runtime), how, [rest])).toBe('first')
  })
})
