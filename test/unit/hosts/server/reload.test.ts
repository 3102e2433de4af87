import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ServeCommand } from '../../../../src/cli/command.ts'
import { stampOf } from '../../../../src/cli/settings-file.ts'
import { followSettings } from '../../../../src/hosts/server/reload.ts'
import { parseSettings, type Settings } from '../../../../src/settings/settings.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-follow-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A file that is followed, and reading it, which takes as long as the test wants. */
async function followed() {
  const file = join(folder, 'sluice.json')
  const write = async (queue: number) => {
    await writeFile(`${file}.new`, String(queue))
    await rename(`${file}.new`, file)
  }
  await write(0)
  const reads: { queue: number; finish: () => void }[] = []
  const applied: number[] = []
  const said: string[] = []
  const command: ServeCommand = {
    settings: parseSettings(),
    warnings: [],
    file,
    stamp: await stampOf(file),
    async read() {
      const { readFile } = await import('node:fs/promises')
      const queue = Number(await readFile(file, 'utf8'))
      await new Promise<void>((finish) => reads.push({ queue, finish }))
      return { settings: parseSettings({ queue }), warnings: [] }
    },
  }
  const before = new Set(process.listeners('SIGHUP'))
  await followSettings(command, ({ queue }: Settings) => void applied.push(queue), {
    out: { write: () => {}, isTerminal: async () => false },
    err: { write: (text: string) => void said.push(text), isTerminal: async () => false },
  } as never)
  const listener = process.listeners('SIGHUP').find((each) => !before.has(each))
  return {
    write,
    reads,
    applied,
    said,
    signal: () => listener?.('SIGHUP'),
    [Symbol.dispose]: () => void (listener && process.off('SIGHUP', listener)),
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000 && !holds(); tries++) await sleep(5)
  expect(holds()).toBe(true)
}

it('a change while the settings are read is read afterwards, and is in force last', async () => {
  using it = await followed()
  await it.write(1)
  it.signal()
  await until(() => it.reads.length === 1)
  await it.write(2)
  it.signal()
  it.signal()
  await sleep(50)
  // One at a time: of two, the older could be put in force last.
  expect(it.reads.map(({ queue }) => queue)).toEqual([1])
  expect(it.applied).toEqual([])
  it.reads[0]?.finish()
  await until(() => it.reads.length === 2)
  expect(it.applied).toEqual([1])
  it.reads[1]?.finish()
  await until(() => it.applied.length === 2)
  expect(it.applied).toEqual([1, 2])
})

it('two changes in a row are followed without a signal, the last of them at the end', async () => {
  using it = await followed()
  await it.write(3)
  await it.write(4)
  for (let next = 0; it.applied.at(-1) !== 4; ) {
    await until(() => it.reads.length > next)
    it.reads[next++]?.finish()
    await sleep(10)
  }
  expect(it.said.at(-1)).toContain('its settings are in force')
})
