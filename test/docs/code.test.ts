/** The JavaScript and TypeScript of the documentation, as a program would have it. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { allPages, blocksOfPage, type DocBlock, placeOf } from './blocks.ts'
import { clientOf } from './clients.ts'

const folder = join(root, 'node_modules/.cache/sluice/docs')

/** What a page leaves to its reader. */
const READERS = `declare function generate(messages: unknown, signal: AbortSignal): AsyncIterable<string>
`

function isCode(block: DocBlock): boolean {
  return ['js', 'ts'].includes(block.language) && clientOf(block) !== 'driven'
}

function tsconfig(files: string[]): object {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string }
  const entries = {
    '': 'index',
    '/node': 'hosts/node',
    '/bun': 'hosts/node',
    '/deno': 'hosts/node',
  }
  const paths = Object.entries({ ...entries, '/edge': '../worker/edge' }).map(([path, file]) => {
    return [`${name}${path}`, [join(root, `src/${file}.ts`)]]
  })
  const loose = { checkJs: true, allowJs: true, noImplicitAny: false, noEmit: true }
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      ...loose,
      lib: ['es2024', 'dom', 'dom.iterable'],
      types: ['node'],
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries(paths),
    },
    files: [...files, 'readers.d.ts'],
    include: [],
  }
}

it('has the right types', { timeout: 60_000 }, async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const blocks = allPages().flatMap(blocksOfPage).filter(isCode)
  expect(blocks.length).toBeGreaterThan(8)
  const files = blocks.map((block, index) => {
    const file = `${index}.${block.language}`
    // A module each, so that two pages may use the same name.
    writeFileSync(join(folder, file), `${block.text}\nexport {}\n`)
    return file
  })
  writeFileSync(join(folder, 'readers.d.ts'), READERS)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig(files)))
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false']
  const printed = await promisify(execFile)(binaryOf('node'), args, { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
  const faults = printed.replace(/^(\d+)\.\w+\((\d+),\d+\)/gm, (_, index: string, line: string) => {
    const block = blocks[Number(index)]
    return block ? `${placeOf({ ...block, line: block.line + Number(line) })}` : ''
  })
  expect(faults).toBe('')
})
