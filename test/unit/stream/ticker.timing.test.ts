import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { HandlerHost } from '../../../src/options.ts'
import type { Fetched } from '../../../src/platform/fetch.ts'
import type { SettingsInput } from '../../../src/settings/settings.ts'
import { separateTickers } from '../../../src/stream/ticker.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

const HEARTBEAT = 600

/** Asks for a stream of an upstream that says a token after some milliseconds, and then nothing. */
async function ask(
  settings: SettingsInput,
  host: HandlerHost,
  tokenAfter: number,
  left: AbortController,
) {
  const { fetch } = createHostedHandler(
    { discover: false, insecure: true, upstream: 'http://gpu', ...settings },
    { ...host, fetch: async (url) => (url.endsWith('/models') ? models() : oneToken(tokenAfter)) },
  )
  const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true }
  return fetch(
    new Request('http://localhost/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: left.signal,
    }),
  )
}

/** Milliseconds by which the first heartbeats of some streams come late, in order. */
async function lateness(host: HandlerHost): Promise<number[]> {
  const late = [30, 45, 60, 75, 90].map(async (tokenAfter) => {
    const left = new AbortController()
    const response = await ask({ heartbeat: HEARTBEAT }, host, tokenAfter, left)
    const reader = response.body?.getReader()
    await reader?.read()
    const tokenAt = performance.now()
    await reader?.read()
    left.abort()
    return performance.now() - tokenAt - HEARTBEAT
  })
  return (await Promise.all(late)).sort((a, b) => a - b)
}

function models(): Fetched {
  return Response.json({ object: 'list', data: [{ id: 'm', object: 'model' }] })
}

/** An upstream's answer: a token after some milliseconds, and then nothing. */
function oneToken(after: number): Fetched {
  const choices = [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }]
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(stream) {
      await sleep(after)
      stream.enqueue(encodeText(`data: ${JSON.stringify(chunk)}\n\n`))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

it('lets a heartbeat come when it is due, where each stream has a timer of its own', async () => {
  const late = await lateness({ isolateRequests: true })
  expect(late[0]).toBeGreaterThan(-20)
  // A busy machine may keep some waiting.
  expect(late[2]).toBeLessThan(40)
})

it('lets a heartbeat wait a quarter longer at most, where all streams share one', async () => {
  const late = await lateness({ isolateRequests: false })
  expect(late[0]).toBeGreaterThan(-20)
  expect(late[2]).toBeLessThan(HEARTBEAT / 4 + 40)
})

it.each([true, false])('ends a late stream between heartbeats: isolated %s', async (isolated) => {
  const settings = { heartbeat: 100, tokenTimeout: 400 }
  const response = await ask(settings, { isolateRequests: isolated }, 20, new AbortController())
  const begin = performance.now()
  expect(await response.text()).toContain('"code":"token_timeout"')
  expect(performance.now() - begin).toBeLessThan(800)
})

it('looks again as soon as it is told to', async () => {
  const seen: number[] = []
  const stop = separateTickers(200).add((now) => {
    seen.push(now)
    return seen.length === 1 ? 20.5 : undefined
  })
  await sleep(300)
  stop()
  const [first = 0, second = 0, ...others] = seen
  expect(second - first).toBeGreaterThan(15)
  expect(second - first).toBeLessThan(100)
  expect(others).toEqual([])
})

it('waits no longer than its interval, whatever it is told', async () => {
  let count = 0
  const stop = separateTickers(50).add(() => {
    count++
    return Number.POSITIVE_INFINITY
  })
  await sleep(400)
  stop()
  expect(count).toBeGreaterThanOrEqual(2)
})

it('can be stopped from within', async () => {
  let count = 0
  const stop = separateTickers(10).add(() => {
    count++
    stop()
    return 1
  })
  await sleep(150)
  expect(count).toBe(1)
})
