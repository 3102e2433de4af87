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
declare const Bun: { serve(options: { fetch(request: Request): Promise<Response>; [name: string]: unknown }): unknown }
`

function isCode(block: DocBlock): boolean {
  return ['js', 'ts'].includes(block.language) && clientOf(block) !== 'driven'
}

/** Each program as one block: `continues` says that a block belongs to the one before it. */
function joined(blocks: DocBlock[]): DocBlock[] {
  const all: DocBlock[] = []
  for (const block of blocks) {
    const before = block.words.has('continues') ? all.pop() : undefined
    // Empty lines in between keep the numbers of the lines those of the page.
    const lines = before ? block.line - before.line - before.text.split('\n').length + 1 : 0
    all.push(before ? { ...before, text: before.text + '\n'.repeat(lines) + block.text } : block)
  }
  return all
}

function tsconfig(files: string[]): object {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string }
  const entries = {
    '': 'index',
    '/node': 'hosts/node',
    '/bun': 'hosts/node',
    '/deno': 'hosts/node',
    '/edge': '../worker/edge',
    '/parts': 'parts',
    '/edge-chat': '../worker/edge-chat',
  }
  const paths = Object.entries(entries).map(([path, file]) => {
    return [`${name}${path}`, [join(root, `src/${file}.ts`)]]
  })
  const loose = { checkJs: true, allowJs: true, noImplicitAny: false, strictNullChecks: false }
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

it('has the right types', { timeout: 180_000 }, async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const blocks = joined(allPages().flatMap(blocksOfPage).filter(isCode))
  expect(blocks.length).toBeGreaterThan(5)
  const files = blocks.map((block, index) => {
    const file = `${index}.${block.language}`
    // A module each, so that two pages may use the same name.
    writeFileSync(join(folder, file), `${block.text}\nexport {}\n`)
    return file
  })
  writeFileSync(join(folder, 'readers.d.ts'), READERS)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig(files)))
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false']
  // The project's own files, most of the work, are not checked anew.
  args.push('--incremental', '--tsBuildInfoFile', `${folder}.tsbuildinfo`)
  const printed = await promisify(execFile)(binaryOf('node'), args, { cwd: folder }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
  // The project's own files are judged elsewhere, and more strictly.
  const lines = printed.split('\n').filter((line) => /^\d+\.\w+\(/.test(line))
  const faults = lines.map((line) => {
    const [, index = '', row = '', rest = ''] = /^(\d+)\.\w+\((\d+),\d+\): (.*)/.exec(line) ?? []
    const block = blocks[Number(index)]
    return block && `${placeOf({ ...block, line: block.line + Number(row) })}: ${rest}`
  })
  expect(faults.join('\n')).toBe('')
})
