// How long objects live, and what a stream costs in them.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pace } from '../support/talk.ts'
import { newStreams, read, type Streams } from './support/streams.ts'

let streams: Streams

beforeAll(async () => {
  streams = await newStreams(['--resume-grace', '10m'])
  await streams.start()
}, 60_000)

afterAll(() => streams.close())

it('reads a stream from its rows after its object was evicted, and goes on for minutes without a client', async () => {
  const { response, where } = await streams.begin('chat', pace(40, 20))
  const all = await read(response)
  // 110 seconds, in batches of half a second; nobody reads.
  const long = await streams.begin('chat', pace(2_200, 50))
  const first = await read(long.response, 20)
  await sleep(13_000)
  expect(await read(await streams.ask(where))).toEqual(all)
  await expect.poll(() => long.asked.finished, { timeout: 180_000, interval: 1_000 }).toBe(true)
  await sleep(13_000)
  const rest = await read(await streams.ask(`${long.where}?starting_after=19`))
  expect([...first, ...rest]).toHaveLength(2_202)
  expect(rest.at(-1)).toContain('[DONE]')
})

it('writes few rows for a stream of a minute', async () => {
  const before = rowsOfStreams(streams.folder)
  const { response } = await streams.begin('chat', pace(1_200, 50))
  const startedAt = performance.now()
  await read(response)
  const seconds = (performance.now() - startedAt) / 1_000
  await sleep(1_000)
  const rows = rowsOfStreams(streams.folder) - before
  console.log(`rows of events: ${rows} in ${seconds.toFixed(1)} s`)
  expect(rows).toBeGreaterThan(10)
  expect(rows).toBeLessThan(seconds * 2.5)
})

/** Rows of events in all objects of streams. */
function rowsOfStreams(folder: string): number {
  const objects = join(folder, 'sluice-StreamRun')
  const files = readdirSync(objects).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  const counts = files.map((name) => {
    const database = new DatabaseSync(join(objects, name), { readOnly: true })
    const row = database.prepare('SELECT count(*) AS count FROM events').get()
    database.close()
    return Number(row?.count)
  })
  return counts.reduce((sum, count) => sum + count, 0)
}
