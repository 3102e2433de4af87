import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCommand } from '../../../src/cli/command.ts'
import { cannotOpen, readFromDisk, stampOf } from '../../../src/cli/settings-file.ts'
import { SettingsError } from '../../../src/settings/error.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)

async function refusalOf(path: string): Promise<string> {
  const error = await readCommand(['--config', path]).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(SettingsError)
  return (error as Error).message
}

async function warningsOf(name: string, text: string, mode: number): Promise<readonly string[]> {
  await writeFile(at(name), text)
  await chmod(at(name), mode)
  const command = await readCommand(['--config', at(name)])
  if (typeof command === 'string') throw new Error(command)
  return command.warnings
}

describe('what is no settings file is refused', () => {
  it('a directory', async () => {
    await mkdir(at('folder'))
    expect(await refusalOf(at('folder'))).toBe(
      `${at('folder')}: expected a file, got a directory; name a file, or give its text in SLUICE_CONFIG.`,
    )
  })

  it('a file that is not there', async () => {
    expect(await refusalOf(at('none'))).toBe(
      `${at('none')}: expected a settings file, got nothing at this path; name a settings file that exists.`,
    )
  })

  // Root may read every file, so that the refusal of the system is given instead of provoked.
  it.each([
    ['EACCES', 'got one that this user may not read; make it readable for this user.'],
    ['EPERM', 'got one that this user may not read; make it readable for this user.'],
    ['ENOTDIR', 'got nothing at this path; name a settings file that exists.'],
    ['EIO', 'got the error "EIO: open"; repair the file, or name another one.'],
  ])('one that the system does not open: %s', (code, rest) => {
    const cause = Object.assign(new Error(`${code}: open`), { code })
    const { message } = cannotOpen('sluice.json', cause)
    expect(message).toBe(`sluice.json: expected a settings file, ${rest}`)
  })

  it('a pipe, at once, although nobody writes to it', async () => {
    execFileSync('mkfifo', [at('pipe')])
    expect(await refusalOf(at('pipe'))).toMatch(/expected a file, got a pipe or a device; name/)
    expect(await refusalOf('/dev/zero')).toMatch(/expected a file, got a pipe or a device; name/)
  })

  it('bytes that are not UTF-8, with their line', async () => {
    const text = Buffer.from('{\n"staticText": "caf\u00e9 \ufffd",\n"model": "\u00e9"}', 'utf8')
    const latin1 = Buffer.concat([text.subarray(0, -3), Buffer.from([0xe9]), text.subarray(-2)])
    await writeFile(at('latin1'), latin1)
    expect(await refusalOf(at('latin1'))).toBe(
      `${at('latin1')}:3: expected text in UTF-8, got bytes that are not; save the file as UTF-8.`,
    )
    await writeFile(at('utf16'), Buffer.from('\uFEFF{}', 'utf16le'))
    expect(await refusalOf(at('utf16'))).toMatch(/utf16:1: expected text in UTF-8/)
  })

  it.each([
    [
      'deep',
      '['.repeat(200_000),
      ':1: expected at most 64 levels of nesting, got more; remove the inner ones.',
    ],
    ['proto', '{"__proto__": {"insecure": true}}', ':1: __proto__: there is no such setting'],
    ['twice', '{"keys": [],\n"keys": []}', ':2: keys: given on line 1 already; remove one of'],
    [
      'alias',
      '{"alias": {\n"__proto__": "m"}}',
      ':2: alias.__proto__: expected another name, got "__proto__"; remove it.',
    ],
    [
      'newline',
      `{"keys": [{"name": "a",\n"hash": "sha256:${'0'.repeat(64)}\\n"}]}`,
      ':2: keys[0].hash: expected "sha256:" and 64 hexadecimal digits',
    ],
    ['day', '{"keys": [\n"a=b"]}', ':2: keys[0]: expected "sha256:"'],
  ])('%s', async (name, text, message) => {
    await writeFile(at(name), text)
    expect(await refusalOf(at(name))).toContain(`${name}${message}`)
  })
})

describe('a file that changes', () => {
  it('has another stamp, though neither its size nor its time did', async () => {
    await writeFile(at('stamp'), 'one')
    const first = await stampOf(at('stamp'))
    const handle = await open(at('stamp'), 'r+')
    const { atime, mtime } = await handle.stat()
    await sleep(5)
    await handle.write('two', 0)
    await handle.utimes(atime, mtime)
    await handle.close()
    expect(await stampOf(at('stamp'))).not.toBe(first)
  })

  it('is followed where a link is pointed at another one', async () => {
    await writeFile(at('a'), 'a')
    await writeFile(at('b'), 'b')
    await symlink(at('a'), at('link'))
    const first = await stampOf(at('link'))
    expect((await readFromDisk(at('link'))).text).toBe('a')
    await symlink(at('b'), at('link.new'))
    await rename(at('link.new'), at('link'))
    expect(await stampOf(at('link'))).not.toBe(first)
    expect((await readFromDisk(at('link'))).text).toBe('b')
  })

  it('is never read half as it was and half as it is', async () => {
    const texts = ['a', 'b'].map((letter) => letter.repeat(3_000_000))
    await writeFile(at('whole'), texts[0] as string)
    let isOver = false
    const writing = (async () => {
      for (let round = 0; round < 6; round++) {
        // In place, as editors do that keep the file: it is empty first, and then grows.
        await writeFile(at('whole'), texts[round % 2] as string)
        await sleep(120)
      }
      isOver = true
    })()
    let reads = 0
    for (; !isOver || reads === 0; reads++) {
      const { text } = await readFromDisk(at('whole'))
      expect(new Set(text).size).toBeLessThanOrEqual(1)
    }
    await writing
    expect(reads).toBeGreaterThan(0)
  })
})

describe.skipIf(process.platform === 'win32')('a file that all users may read', () => {
  it('is warned of where it has the key of an upstream', async () => {
    const url = 'http://127.0.0.1:1/v1'
    const withKey = JSON.stringify({ upstream: [{ url, key: 'secret' }] })
    expect(await warningsOf('open', withKey, 0o644)).toEqual([
      `${at('open')}: all users of this machine may read this file, which has the key of an upstream; allow only yourself: chmod 600 ${at('open')}`,
    ])
    const listed = JSON.stringify({ upstream: [url], upstreamKey: 'secret' })
    expect(await warningsOf('open', listed, 0o644)).toHaveLength(1)
    expect(await warningsOf('closed', withKey, 0o640)).toEqual([])
    const hashes = JSON.stringify({ keys: [`a=sha256:${'0'.repeat(64)}`], upstream: [url] })
    expect(await warningsOf('hashes', hashes, 0o644)).toEqual([])
  })
})
