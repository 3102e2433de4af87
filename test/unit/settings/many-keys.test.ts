import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createScanner } from 'jsonc-parser'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCommand } from '../../../src/cli/command.ts'
import { createApiKeys, hashKey } from '../../../src/guard/keys.ts'
import { parseJsonc } from '../../../src/settings/jsonc.ts'
import { type KeyInput, parseSettings, readSettingInSteps } from '../../../src/settings/settings.ts'
import { inSlices, type Steps } from '../../../src/util/slices.ts'

const MANY = 10_000

function entries(count: number, changed: Record<number, object> = {}): KeyInput[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `key-${at}`,
    hash: `sha256:${at.toString(16).padStart(64, '0')}`,
    requestsPerMinute: 60,
    ...changed[at],
  }))
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-keys-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileOf(keys: object[]): Promise<string> {
  const path = join(folder, 'many.json')
  await writeFile(path, JSON.stringify({ keys }, null, 1))
  return path
}

/** How many steps, which other work may come between. */
function count(steps: Steps<unknown>): number {
  let steps_ = 0
  while (!steps.next().done) steps_++
  return steps_
}

describe(`${MANY} keys`, () => {
  it('are read in many steps, in which nothing depends on how many there are', () => {
    const text = JSON.stringify(entries(MANY))
    const parsing = parseJsonc(createScanner(text), () => new Error(text))
    expect(count(parsing)).toBeGreaterThan(200)
    const reading = readSettingInSteps('keys', entries(MANY), 'keys', () => {})
    expect(count(reading)).toBeGreaterThan(200)
  })

  it('let other work run while they are read', async () => {
    const path = await fileOf(entries(MANY))
    const command = await readCommand(['--config', path])
    if (typeof command === 'string') throw new Error(command)
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await command.read()
    clearInterval(timer)
    expect(turns).toBeGreaterThan(3)
  })

  it('name the line of an error in one of the last, and of a name or a hash that another has', async () => {
    const wrong = await fileOf(entries(MANY, { 9998: { hash: 'no' } }))
    await expect(readCommand(['--config', wrong])).rejects.toThrow(
      `many.json:${3 + 9_998 * 5 + 2}: keys[9998].hash: expected "sha256:" and 64`,
    )
    const sameName = await fileOf(entries(MANY, { 9999: { name: 'key-0' } }))
    await expect(readCommand(['--config', sameName])).rejects.toThrow(
      `many.json:${3 + 9_999 * 5 + 1}: keys[9999].name: expected a name that no other key has`,
    )
    const sameHash = await fileOf(entries(MANY, { 9999: { hash: entries(1)[0]?.hash } }))
    await expect(readCommand(['--config', sameHash])).rejects.toThrow(
      `many.json:${3 + 9_999 * 5 + 2}: keys[9999].hash: expected a hash that no other key has`,
    )
  })

  it('give a few lines of warnings, not one for each', async () => {
    const path = await fileOf(entries(MANY).map((key) => ({ ...key, streams: 2 })))
    const command = await readCommand(['--config', path])
    if (typeof command === 'string') throw new Error(command)
    expect(command.warnings).toHaveLength(21)
    expect(command.warnings[0]).toMatch(/many\.json:\d+: keys\[0\]\.streams is deprecated/)
    expect(command.warnings.at(-1)).toBe('There are 9980 more warnings of this kind.')
  })

  it('are told apart, and are not found by what is like one of them', async () => {
    const hashes = await Promise.all(entries(200).map(({ name }) => hashKey(name)))
    const keys = entries(200).map((key, at) => ({ ...key, hash: hashes[at] as string }))
    const found = createApiKeys(parseSettings({ keys }).keys)
    const url = new URL('http://localhost/')
    const find = (key: string) =>
      found.find(new Request(url, { headers: { 'x-api-key': key } }), url)
    for (const name of ['key-0', 'key-99', 'key-199']) expect((await find(name)).name).toBe(name)
    for (const name of ['key-200', 'key-', 'key-00', hashes[0] as string])
      await expect(find(name)).rejects.toThrow('expected a key of this server')
  })
})

it('gives work in steps a turn for others as soon as its time is over', async () => {
  let pauses = 0
  function* slow(): Steps<string> {
    for (let at = 0; at < 6; at++) {
      const began = performance.now()
      while (performance.now() - began < 6);
      yield
    }
    return 'done'
  }
  expect(
    await inSlices(slow(), async () => {
      pauses++
    }),
  ).toBe('done')
  expect(pauses).toBe(6)
})
