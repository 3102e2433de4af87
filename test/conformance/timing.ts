import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { deaf, untilDone } from '../support/deaf.ts'
import { postChat, readStream, type StreamRead } from '../support/read.ts'
import { errorOf, nextFor, type Relay, relayChat, useRelay } from '../support/relay.ts'
import type { Script, Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { lostToSplitting, splitAtBlankLines } from '../support/splitting.ts'
import { talk, token } from '../support/talk.ts'

/** What a stream says while nothing comes, and when its headers go out. */
export function timing(host: HostName): void {
  describe('heartbeats', () => {
    const relay = useRelay(host, { flags: ['--heartbeat', '100ms', '--header-wait', '150ms'] })
    describe.concurrent('while nothing comes', () => heartbeats(relay))
    it('do not come while the client is not reading', () => silenceForTheDeaf(relay))
  })

  describe('headers', () => {
    const relay = useRelay(host, { flags: ['--heartbeat', '10s', '--header-wait', '600ms'] })
    describe.concurrent('of a stream', () => headers(relay))
  })
}

function heartbeats(relay: Relay): void {
  it('before the first chunk are pings; then comes a role, whose loss harms nobody', async () => {
    const { read } = await relayChat(relay, { script: { headersAfter: 700, ...talk('a', 'b') } })
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'ab' })
    expect(read.pings.length).toBeGreaterThanOrEqual(3)
    expect(read.raw).toMatch(/^(: ping\n)+data: \{/)
    const [opening, next] = read.chunks
    expect(opening?.choices).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
    expect(opening).toMatchObject({ object: 'chat.completion.chunk', id: 'chatcmpl-t', model: 'm' })
    expect(next?.choices?.[0]?.delta).toMatchObject({ content: 'a' })
    expect(lostToSplitting(read)).toBe(0)
  })

  it('do not come where the first chunk comes in time', async () => {
    const { read } = await relayChat(relay, { script: talk('a', 'b') })
    expect(read.pings).toEqual([])
    expect(read.chunks[0]?.choices?.[0]?.delta).toMatchObject({ content: 'a' })
  })

  it('after the first chunk are chunks with an empty delta', async () => {
    const { read, entry } = await relayChat(relay, { script: talk('a', { wait: 650 }, 'b') })
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'ab', pings: [] })
    const quiet = read.chunks.filter(isQuiet)
    expect(quiet.length).toBeGreaterThanOrEqual(3)
    expect(quiet.length).toBeLessThanOrEqual(7)
    expect(quiet[0]).toMatchObject({
      id: 'chatcmpl-t',
      object: 'chat.completion.chunk',
      model: 'm',
      created: 1_790_000_000,
    })
    expect(entry.repaired).toBeUndefined()
  })

  it('keep a regular distance', async () => {
    const { read } = await relayChat(relay, { script: talk('a', { wait: 1_050 }, 'b') })
    const at = read.events.filter((_, index) => isQuiet(read.chunks[index])).map((each) => each.at)
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
    expect(gaps.length).toBeGreaterThanOrEqual(4)
    // One that a busy machine delivers late is soon followed by the next.
    expect(gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]).toBeGreaterThan(50)
    expect(Math.max(...gaps)).toBeLessThan(400)
  })

  it('never come inside an event', async () => {
    const event = token('b')
    const halves = [{ send: event.slice(0, 40) }, { wait: 700 }, { send: event.slice(40) }]
    const { read } = await relayChat(relay, { script: talk('a', ...halves) })
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'ab' })
    expect(read.chunks.filter(isQuiet).length).toBeGreaterThanOrEqual(2)
    expect(read.raw).toContain(event)
  })

  it('come while an upstream sends comments alone', async () => {
    const comments: Step = { repeat: 10, steps: [{ send: ': busy\n\n' }, { wait: 60 }] }
    const { read } = await relayChat(relay, { script: talk('a', comments, 'b') })
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'ab' })
    expect(read.chunks.filter(isQuiet).length).toBeGreaterThanOrEqual(2)
  })

  it('do not hide an error from a client that splits at blank lines', async () => {
    const script = { headersAfter: 500, steps: [{ send: 'data: nonsense\n\n' }] }
    const { read } = await relayChat(relay, { script })
    expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [] })
    expect(read.pings.length).toBeGreaterThanOrEqual(1)
    expect(read.error?.code).toBe('upstream_invalid')
    const seen = splitAtBlankLines(read)
    expect(seen.some((data) => data.includes('"upstream_invalid"'))).toBe(true)
  })
}

async function silenceForTheDeaf(relay: Relay): Promise<void> {
  const { client, body } = await deaf(relay, 32_000_000)
  try {
    await sleep(1_000)
    expect((await nextFor(relay, body)).finished).toBe(false)
    client.resume()
    expect(quietChunks(await untilDone(client))).toBeLessThanOrEqual(2)
  } finally {
    client.hangUp()
  }
}

function headers(relay: Relay): void {
  it('go out with the first chunk, however early', async () => {
    const begin = performance.now()
    const response = await postChat(relay.server.base, { script: talk('a', { wait: 500 }, 'b') })
    expect(performance.now() - begin).toBeLessThan(400)
    expect((await readStream(response)).outcome).toBe('finished')
  })

  it('wait for the first chunk no longer than they are told', async () => {
    const begin = performance.now()
    const script = { headersAfter: 1_500, ...talk('a') }
    const response = await postChat(relay.server.base, { script })
    const waited = performance.now() - begin
    expect(response.status).toBe(200)
    expect(waited).toBeGreaterThan(500)
    expect(waited).toBeLessThan(1_200)
    const read = await readStream(response)
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'a' })
  })

  const refusal: Script = {
    status: 503,
    headers: { 'content-type': 'application/json' },
    steps: [{ send: '{"error":{"message":"No slot is free","code":503}}' }],
  }

  it('tell the status of an early failure', async () => {
    // The only upstream is asked twice.
    const script = { ...refusal, headersAfter: 50 }
    const response = await postChat(relay.server.base, { script })
    expect(response.status).toBe(503)
    expect((await errorOf(response)).message).toContain('No slot is free')
  })

  it('that went out leave a late failure to an error frame', async () => {
    const script = { ...refusal, headersAfter: 1_000 }
    const { read, entry } = await relayChat(relay, { script })
    expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [] })
    expect(read.error?.message).toContain('No slot is free')
    expect(entry).toMatchObject({ outcome: 'failed', status: 200 })
  })

  it('tell the status of a stream that breaks before its first chunk', async () => {
    const script = { steps: [{ wait: 50 }, { send: ': hi\n\n' }, { cut: true as const }] }
    const response = await postChat(relay.server.base, { script })
    expect(response.status).toBe(502)
    expect((await errorOf(response)).code).toBe('upstream_truncated')
  })
}

function isQuiet(chunk: StreamRead['chunks'][number] | undefined): boolean {
  const choice = chunk?.choices?.[0]
  return choice !== undefined && Object.keys(choice.delta).length === 0 && !choice.finish_reason
}

function quietChunks(text: string): number {
  return text.split('"delta":{},"finish_reason":null').length - 1
}
