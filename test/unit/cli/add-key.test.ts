import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { addKey } from '../../../src/cli/add-key.ts'
import type { Key } from '../../../src/settings/keys.ts'

/** The path of a settings file with this text, in a folder of its own. */
function settingsFile(text: string): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-add-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'sluice.json')
  writeFileSync(path, text)
  return { folder, path }
}

const keyNamed = (name: string): Key => ({ name, hash: `sha256:${'0'.repeat(64)}`, offers: true })

const namesIn = (path: string): string[] =>
  JSON.parse(readFileSync(path, 'utf8')).keys.map(({ name }: Key) => name)

it('keys that are added at the same moment are all in the file', async () => {
  const { folder, path } = settingsFile('{ "keys": [] }\n')
  const names = ['phone', 'tablet', 'tv', 'laptop']
  await Promise.all(names.map((name) => addKey(path, keyNamed(name))))
  expect(namesIn(path)).toEqual(names)
  expect(readdirSync(folder)).toEqual(['sluice.json'])
})

it('one that cannot be added keeps no later one from the file, and leaves nothing behind', async () => {
  const { folder, path } = settingsFile('{ "keys": [] }\n')
  await expect(addKey(join(folder, 'none.json'), keyNamed('a'))).rejects.toThrow()
  await addKey(path, keyNamed('phone'))
  expect(namesIn(path)).toEqual(['phone'])
  expect(readdirSync(folder)).toEqual(['sluice.json'])
})

it('a process that ended in the middle does not keep the next one with its number from adding', async () => {
  const { path } = settingsFile('{ "keys": [] }\n')
  // In a container each has the same.
  writeFileSync(`${path}.${process.pid}.new`, '{')
  await addKey(path, keyNamed('phone'))
  expect(namesIn(path)).toEqual(['phone'])
})
