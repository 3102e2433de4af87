// The binaries of every system, which only that system could run: built, listed, and of its format.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildBinaries, targets } from '../../scripts/binary.mjs'
import { root } from '../../scripts/hosts.mjs'
import budget from './size-budget.json' with { type: 'json' }

/** How a file of each system begins, from byte 0, and what names the processor, and where. */
const FORMATS: Record<string, { magic: string; machine: [offset: number, hex: string] }> = {
  'linux-x64': { magic: '7f454c46', machine: [18, '3e00'] },
  'linux-arm64': { magic: '7f454c46', machine: [18, 'b700'] },
  'darwin-x64': { magic: 'cffaedfe', machine: [4, '07000001'] },
  'darwin-arm64': { magic: 'cffaedfe', machine: [4, '0c000001'] },
  // The header whose place is at byte 60 has it; see below.
  'windows-x64': { magic: '4d5a', machine: [4, '6486'] },
}

const exec = promisify(execFile)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-binaries-'))
  await buildBinaries(folder, targets, { archive: true })
}, 300_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

it('are listed with their checksums, and packed', async () => {
  const lines = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n')
  const files = (await readdir(folder)).filter((name) => name.startsWith('sluice-'))
  expect(files).toHaveLength(2 * targets.length)
  expect(lines.map((line) => line.slice(66))).toEqual(files.sort())
  for (const line of lines) {
    const content = await readFile(join(folder, line.slice(66)))
    expect(createHash('sha256').update(content).digest('hex')).toBe(line.slice(0, 64))
  }
})

it.each(targets)('are packed with their licences: %s', async (target) => {
  const { stdout } = await exec('tar', ['-tzf', join(folder, `sluice-${target}.tar.gz`)])
  const name = target.startsWith('windows') ? 'sluice.exe' : 'sluice'
  const packed = ['', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', name]
  expect(stdout.trimEnd().split('\n').sort()).toEqual(
    packed.map((each) => `sluice-${target}/${each}`),
  )
})

it.each(targets)('are of the format of %s', async (target) => {
  const path = join(folder, `sluice-${target}${target.startsWith('windows') ? '.exe' : ''}`)
  const { magic = '', machine: [offset, hex] = [0, ''] } = FORMATS[target] ?? {}
  const file = await open(path)
  const head = Buffer.alloc(4096)
  await file.read(head, 0, head.length, 0)
  const { size } = await file.stat()
  await file.close()
  expect(head.toString('hex')).toMatch(new RegExp(`^${magic}`))
  const start = target.startsWith('windows') ? head.readUInt32LE(60) : 0
  expect(head.toString('hex', start + offset, start + offset + hex.length / 2)).toBe(hex)
  expect(size).toBeLessThan(budget.binary)
})

it.each(targets)('hold the page and no path of this machine: %s', async (target) => {
  const path = join(folder, `sluice-${target}${target.startsWith('windows') ? '.exe' : ''}`)
  const content = await readFile(path)
  expect(content.includes('<div id="app">')).toBe(true)
  expect(content.includes(root)).toBe(false)
})
