import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { expectError } from '../support/refusal.ts'
import { logOf, nextFor, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import {
  APIS,
  askResumable,
  type ResumableApi,
  randomFrom,
  readEvents,
  readInPieces,
  resume,
  resumeUrl,
} from '../support/resuming.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'

const flags = ['--header-wait', '500ms', '--resume-grace', '400ms']

/** What its upstream sends for each API: of text completions it has no chunks of a chat. */
function scriptFor(api: ResumableApi, count: number, ms: number): Script | object {
  if (api !== 'completions') return pace(count, ms)
  const chunk = { id: 'cmpl-t', object: 'text_completion', created: 1_790_000_000, model: 'm' }
  const choice = (text: string, finish_reason: string | null) => ({
    chunk: { ...chunk, choices: [{ index: 0, text, logprobs: null, finish_reason }] },
  })
  const steps = [choice('tok', null), { wait: ms }]
  return { steps: [{ repeat: count, steps }, choice('', 'stop'), { send: 'data: [DONE]\n\n' }] }
}

export function streams(host: HostName): void {
  const relay = useRelay(host, { flags })
  const ask = (api: ResumableApi, script: object) => {
    const body = tag({ script: script as Script })
    return { body, asking: askResumable(relay.server.url, api, body) }
  }
  const url = (response: Response) => resumeUrl(relay.server.url, response)

  it('tell where they are resumed, and only those that were asked for', async () => {
    const response = await ask('chat', pace(2, 1)).asking
    expect(response.headers.get('x-sluice-resume')).toMatch(/^\/v1\/streams\/strm_[0-9a-f]{32}$/)
    expect(await response.text()).toMatch(/^id: 0\ndata: /)
    const plain = await askResumable(relay.server.url, 'chat', {}, NOT_ASKED)
    expect(plain.headers.get('x-sluice-resume')).toBeNull()
    expect(await plain.text()).not.toContain('id: 0\n')
    const wrong = await askResumable(
      relay.server.url,
      'chat',
      {},
      { headers: { 'x-sluice-resume': 'yes' } },
    )
    expect((await expectError(wrong, 400)).param).toBe('x-sluice-resume')
  })

  it('have the status of an early failure', async () => {
    const response = await ask('chat', { persona: 'vllm', error: 'context_length' }).asking
    expect(response.headers.get('x-sluice-resume')).toBeNull()
    expect(response.status).toBe(400)
    expect((await response.json()) as object).toMatchObject({
      error: { message: expect.stringContaining('context') },
    })
  })

  it('can be read when they have ended, from any number on', async () => {
    const response = await ask('messages', pace(3, 1)).asking
    const { events } = await readEvents(response)
    const at = url(response)
    for (const count of [0, 1, events.length - 1]) {
      expect((await readEvents(await resume(at, count))).events).toEqual(events.slice(count))
    }
    expect((await resume(at, events.length)).status).toBe(204)
    expect((await expectError(await resume(at, events.length + 1), 400)).param).toBe(
      'starting_after',
    )
    const both = await fetch(`${at}?starting_after=1`, { headers: { 'last-event-id': '2' } })
    expect((await expectError(both, 400)).param).toBe('starting_after')
    const unknown = await fetch(`${relay.server.base}/streams/strm_0`)
    expect((await expectError(unknown, 404)).code).toBe('stream_not_found')
    const stopped = await fetch(`${at}/stop`, { method: 'POST' })
    expect(await stopped.json()).toMatchObject({ object: 'stream', state: 'finished' })
  })

  running(relay, ask)
}

const NOT_ASKED = { headers: { 'x-sluice-resume': '0' } }

type Ask = (
  api: ResumableApi,
  script: object,
) => { body: { tag: string }; asking: Promise<Response> }

/** Where any request may follow a stream that runs. */
function running(relay: Relay, ask: Ask): void {
  const url = (response: Response) => resumeUrl(relay.server.url, response)

  it.concurrent.for(Object.keys(APIS) as ResumableApi[])(
    '%s: resumed at any event, each comes once, byte for byte',
    async (api, { expect }) => {
      const { body, asking } = ask(api, scriptFor(api, 25, 10))
      const response = await asking
      const whole = fetch(url(response)).then((answer) => readEvents(answer))
      const random = randomFrom(api.length)
      const assembled = await readInPieces(response, { random, servers: [relay.server.url] })
      const { events, isOver } = await whole
      expect(isOver).toBe(true)
      expect(assembled.join('')).toBe(events.join(''))
      expect(events.join('').match(/tok/g)?.length).toBeGreaterThanOrEqual(25)
      const upstream = sentFor(relay, body)
      expect(upstream).toHaveLength(1)
      expect(upstream[0]?.hungUpAt).toBeUndefined()
      expect((await logOf(relay.server, response)).outcome).toBe('finished')
    },
  )

  it.concurrent.for([
    ['chat', 'DELETE', ''],
    ['messages', 'POST', '/stop'],
    ['responses', 'DELETE', ''],
    ['ollama', 'POST', '/stop'],
  ] as const)('%s: stop before the first token, by %s', async ([api, method, path], { expect }) => {
    const { body, asking } = ask(api, { headersAfter: 'never', steps: [] })
    const upstream = await nextFor(relay, body)
    const response = await asking
    const reading = readEvents(response)
    const stopped = await fetch(url(response) + path, { method })
    expect(await stopped.json()).toMatchObject({ object: 'stream', state: 'stopped' })
    await upstream.closedWithin(1_500)
    const { events, isOver } = await reading
    expect(isOver).toBe(true)
    expect(events.at(-1)).toMatch(
      api === 'responses' ? /"status":"cancelled"/ : /stopped by another/,
    )
    expect((await readEvents(await fetch(url(response)))).events).toEqual(events)
    const again = await fetch(url(response) + path, { method })
    expect(await again.json()).toMatchObject({ state: 'stopped' })
    expect((await logOf(relay.server, response)).outcome).toBe('cancelled')
  })

  it('stop when nobody has read them for a while, and not before', async () => {
    const { body, asking } = ask('chat', talk('tok', { hang: true }))
    const response = await asking
    const upstream = await nextFor(relay, body)
    const { events } = await readEvents(response, 1)
    await sleep(150)
    expect(upstream.hungUpAt).toBeUndefined()
    await upstream.closedWithin(3_000)
    expect(await logOf(relay.server, response)).toMatchObject({
      outcome: 'cancelled',
      code: 'stream_abandoned',
    })
    const rest = await readEvents(await resume(url(response), events.length))
    expect(rest.events).toEqual([expect.stringContaining('"stream_abandoned"')])
  })

  it('are not held up by a client that does not read', async () => {
    const text = 'x'.repeat(40_000)
    const { body, asking } = ask('chat', talk({ repeat: 100, steps: [{ send: token(text) }] }))
    const response = await asking
    const upstream = await nextFor(relay, body)
    await expect.poll(() => upstream.finished, { timeout: 5_000 }).toBe(true)
    const { events, isOver } = await readEvents(response)
    expect(isOver).toBe(true)
    expect(events.at(-1)).toMatch(/data: \[DONE\]/)
    expect(events.join('').match(/x{40000}/g)).toHaveLength(100)
  })
}
