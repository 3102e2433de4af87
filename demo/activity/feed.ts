/**
 * The one connection to `GET /v1/activity`. It is open only while a view that shows it is in sight, and
 * nothing is asked for twice: what changes comes by itself.
 */
import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ActivityChanges, ActivityList } from '../../src/wire/activity/schema.ts'
import { key, wantsKey } from '../api.ts'
import { NoStream, readEvents } from './events.ts'
import { applyChanges, applySnapshot, clearStore } from './store.ts'

export type FeedState =
  | { state: 'connecting' }
  | { state: 'live' }
  /** The server does not answer; `again`: when it is tried next, by `performance.now()`. */
  | { state: 'lost'; again: number }
  /** The server wants another key. */
  | { state: 'no-key' }
  /** Refused, with the server's message: no admin and without a name, or the feed is switched off. */
  | { state: 'refused'; status: number; code: string; message: string }
  /** There is no such feed here: another server, or an older sluice. */
  | { state: 'missing' }

export const feed = signal<FeedState>({ state: 'connecting' })

const FIRST_DELAY = 500
const LONGEST_DELAY = 30_000

/** How many views show the feed. */
let users = 0
let connection: AbortController | undefined

/** Keeps the feed connected while the calling view is shown. */
export function useFeed(): void {
  useEffect(() => {
    users++
    update()
    return () => {
      users--
      update()
    }
  }, [])
}

document.addEventListener('visibilitychange', update)

// Another key may see other requests.
let lastKey = key.peek()
effect(() => {
  if (key.value === lastKey) return
  lastKey = key.value
  reconnect()
})

/** Connects anew, and forgets what was told. */
export function reconnect(): void {
  connection?.abort()
  connection = undefined
  clearStore()
  feed.value = { state: 'connecting' }
  update()
}

function update(): void {
  const isWanted = users > 0 && !document.hidden
  if (isWanted && connection === undefined) {
    connection = new AbortController()
    void stayConnected(connection.signal)
  } else if (!isWanted && connection !== undefined) {
    connection.abort()
    connection = undefined
  }
}

async function stayConnected(stop: AbortSignal): Promise<void> {
  const receive = frameBatches(stop)
  let failures = 0
  while (!stop.aborted) {
    let least = 0
    let hasFailed = false
    try {
      await readEvents('/activity?stream=true', stop, (event, data) => {
        failures = 0
        receive(event, data)
      })
    } catch (error) {
      if (stop.aborted) return
      hasFailed = true
      if (error instanceof NoStream) {
        const refused = refusal(error)
        if (refused) {
          if (refused.state === 'no-key') wantsKey.value = true
          clearStore()
          feed.value = refused
          return
        }
        least = error.retryAfter
      }
    }
    if (stop.aborted) return
    const delay = Math.max(least, Math.min(FIRST_DELAY * 2 ** failures, LONGEST_DELAY))
    failures++
    // A little at random, so that many pages do not come back to a server at once.
    const wait = delay * (0.8 + Math.random() * 0.4)
    // A server that reads its settings again ends the stream, and answers at once: nothing is lost.
    if (hasFailed || failures > 1) feed.value = { state: 'lost', again: performance.now() + wait }
    await pause(wait, stop)
  }
}

/** What an answer says for good; undefined if the feed is to be tried again. */
function refusal({ status, code, message }: NoStream): FeedState | undefined {
  if (status === 401) return { state: 'no-key' }
  if (status === 429 || status >= 500) return undefined
  if (message === '') return { state: 'missing' }
  return { state: 'refused', status, code, message }
}

/** Collects events and applies them once a frame, however many came. */
function frameBatches(stop: AbortSignal): (event: string, data: unknown) => void {
  let waiting: (() => void)[] = []
  const apply = () => {
    const all = waiting
    waiting = []
    // What an earlier connection told may belong to another key.
    if (stop.aborted) return
    for (const each of all) each()
    feed.value = { state: 'live' }
  }
  return (event, data) => {
    if (event === 'snapshot') waiting.push(() => applySnapshot(data as ActivityList))
    else if (event === 'changes') waiting.push(() => applyChanges(data as ActivityChanges))
    else return
    if (waiting.length === 1) requestAnimationFrame(apply)
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      removeEventListener('online', done)
      resolve()
    }
    stop.addEventListener('abort', done, { once: true })
    addEventListener('online', done, { once: true })
  })
}
