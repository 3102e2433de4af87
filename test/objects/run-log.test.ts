// The log of a run in a Durable Object.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type Produced,
  RUN_LEASE,
  type RunChange,
  type RunKey,
  type RunLog,
} from '../../src/state/run-log.ts'
import { newRun, runLogSuite } from '../state/run-log-suite.ts'
import { type Objects, startObjects } from './support/objects.ts'

let objects: Objects

beforeAll(async () => {
  objects = await startObjects()
})
afterAll(() => objects[Symbol.asyncDispose]())

/** The log of each run, in an object of its own. */
function remoteLog(): RunLog {
  const call = (run: RunKey, method: string, ...args: unknown[]) =>
    objects.call(`logs/${run.id}/${method}`, run, ...args)
  return {
    open: (run, ...args) => call(run, 'open', ...args) as Promise<void>,
    async append(run, ...args) {
      const produced = (await call(run, 'append', ...args)) as Produced
      // JSON leaves out what is undefined.
      return produced.kind === 'held' ? { ...{ readAgo: undefined }, ...produced } : produced
    },
    read: (run, ...args) => call(run, 'read', ...args) as never,
    stop: (run) => call(run, 'stop') as never,
    bury: (run, last) => call(run, 'bury', last('NUMBER' as never)) as never,
    delete: (run) => call(run, 'delete') as never,
    watch(run, onChange) {
      let isOver = false
      void (async () => {
        const seen = async () => (await call(run, 'changes')) as RunChange[]
        let at = (await seen()).length
        while (!isOver) {
          for (const change of (await seen()).slice(at)) {
            at++
            if (!isOver) onChange(change)
          }
          await sleep(5)
        }
      })()
      return () => {
        isOver = true
      }
    },
  }
}

runLogSuite('a Durable Object', () => {
  const log = remoteLog()
  return { log, other: log, lease: RUN_LEASE, pass: (ms) => objects.pass(ms) }
})

it('writes one row for each append, and few beside', async () => {
  const log = remoteLog()
  const run = newRun()
  const rows = () => objects.call(`logs/${run.id}/rows`)
  const info = { api: 'chat', contentType: 'text/event-stream', instance: 'a' } as const
  const limits = { bytes: 4_000_000, keepMs: 60_000 }
  await log.open(run, { ...info, hasIds: true, isBackground: false }, limits)
  const begun = Number(await rows())
  const events = Array.from({ length: 20 }, (_, n) => `data: ${n}\n\n`)
  for (let n = 0; n < 10; n++) await log.append(run, 1, n * 20, events)
  expect(await rows()).toBe(begun + 10)
  await log.append(run, 1, 200, [], 'finished')
  expect(await rows()).toBe(begun + 11)
  expect(begun).toBeLessThan(6)
})
