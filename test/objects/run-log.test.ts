// The log of a run in a Durable Object.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll } from 'vitest'
import {
  type Produced,
  RUN_LEASE,
  type RunChange,
  type RunKey,
  type RunLog,
} from '../../src/state/run-log.ts'
import { runLogSuite } from '../state/run-log-suite.ts'
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
