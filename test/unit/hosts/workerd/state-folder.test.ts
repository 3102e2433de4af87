// The folder of workerd's objects: to whom it belongs, and which files of it are deleted.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockFolder } from '../../../../src/hosts/workerd/folder-lock.ts'
import { objectsConfig } from '../../../../src/hosts/workerd/objects.ts'
import { deleteEmpty, exposureWarning } from '../../../../src/hosts/workerd/state-folder.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-folder-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lockFile = () => join(folder, 'sluice.lock')
const refusal = (pid: number | undefined) =>
  `stateFolder: expected a folder that no other sluice uses, got ${folder}, used by process ${pid}; stop it, or name another folder.`

it('belongs to one process until that releases it', () => {
  const lock = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow(refusal(process.pid))
  lock.release()
  expect(readdirSync(folder)).toEqual([])
  lockFolder(folder).release()
})

it('belongs to workerd too, though the process that started it is gone', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'])
  await once(other, 'spawn')
  lockFolder(folder).add(other.pid ?? 0)
  // The first line: this process, as if it were gone.
  const [, line] = readFileSync(lockFile(), 'utf8').split('\n')
  writeFileSync(lockFile(), `4194305 1\n${line}\n`)
  expect(() => lockFolder(folder)).toThrow(refusal(other.pid))
  other.kill('SIGKILL')
  await once(other, 'exit')
  lockFolder(folder).release()
  expect(readdirSync(folder)).toEqual([])
})

it.each([
  ['of a process that is gone', '4194305 1\n'],
  ['that nothing was written to', ''],
  // Another process with its number, as in a container that was started again.
  ...(existsSync('/proc/self/stat') ? [['of an earlier process', `${process.pid} 1\n`]] : []),
])('is taken over with a file %s', (_, text = '') => {
  writeFileSync(lockFile(), text)
  const lock = lockFolder(folder)
  expect(readFileSync(lockFile(), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  lock.release()
  expect(readdirSync(folder)).toEqual([])
})

it('is taken where state is kept, and the temporary one is not', () => {
  const settings = { state: 'objects', stateFolder: join(folder, 'kept') }
  const taken = objectsConfig(parseSettings(settings), join(folder, 'temporary'))
  expect(taken.warnings).toEqual([])
  expect(readdirSync(join(folder, 'kept'))).toEqual(['sluice.lock'])
  objectsConfig(parseSettings({}), join(folder, 'temporary'))
  expect(readdirSync(join(folder, 'temporary', 'objects'))).toEqual([])
})

it.skipIf(process.platform === 'win32')('is warned of where others may enter it', () => {
  for (const [mode, warns] of [
    [0o700, false],
    [0o750, false],
    [0o755, true],
    [0o701, true],
  ] as const) {
    chmodSync(folder, mode)
    expect(exposureWarning(folder) !== undefined, mode.toString(8)).toBe(warns)
  }
  expect(exposureWarning(folder)).toBe(
    `Other users of this machine may enter ${folder}, which holds prompts and answers; run chmod 700 on it.`,
  )
})

it('loses the databases without tables, and nothing else', () => {
  const streams = join(folder, 'sluice-StreamRun')
  mkdirSync(streams)
  const name = (letter: string) => `${letter.repeat(64)}.sqlite`
  const open = (file: string) => {
    const database = new DatabaseSync(join(streams, file))
    database.exec('PRAGMA journal_mode = WAL')
    return database
  }
  // One that has deleted all, one that has a table without a row, one that
  // has a view and so a single page, and one whose table is not in its file yet.
  const emptied = open(name('a'))
  emptied.exec('CREATE TABLE t (x); DROP TABLE t; VACUUM')
  emptied.close()
  const used = open(name('b'))
  used.exec('CREATE TABLE t (x)')
  used.close()
  const viewed = open(name('f'))
  viewed.exec('CREATE VIEW v AS SELECT 1')
  viewed.close()
  const unwritten = open(name('c'))
  unwritten.exec('CREATE TABLE t (x)')
  open('metadata.sqlite').close()
  writeFileSync(join(streams, name('d')), '')
  writeFileSync(join(streams, name('e')), Buffer.alloc(4_096))
  const before = readdirSync(streams)
  expect(deleteEmpty(folder)).toBe(1)
  expect(readdirSync(streams)).toEqual(before.filter((file) => file !== name('a')))
  unwritten.close()
  const again = open(name('c'))
  expect(again.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 })
  again.close()
})
