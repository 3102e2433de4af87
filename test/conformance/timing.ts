import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  postChat,
  type RawResponse,
  rawRequest,
  readStream,
  type StreamRead,
} from '../support/read.ts'
import { errorOf, logOf, nextFor, type Relay, relayChat, tag, useRelay } from '../support/relay.ts'
import { frame, type Script, type Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

/** What a stream does while nothing comes, and for how long. */
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

  describe('deadlines', () => {
    const flags = ['--answer-timeout', '600ms', '--first-token-timeout', '800ms']
    flags.push('--token-timeout', '1s', '--client-timeout', '10s', '--heartbeat', '100ms')
    describe('after the headers went out', () => {
      const relay = useRelay(host, { flags: [...flags, '--header-wait', '100ms'] })
      describe.concurrent('end', () => lateDeadlines(relay))
      it('spare a stream whose client is waited for', () => patience(relay))
    })
    describe('before that', () => {
      const relay = useRelay(host, { flags: [...flags, '--header-wait', '10s'] })
      describe.concurrent('end', () => earlyDeadlines(relay))
    })
    describe('of a client that reads nothing', () => {
      const relay = useRelay(host, { flags: ['--client-timeout', '700ms'] })
      it('cancel', () => clientDeadline(relay))
    })
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
    expect(entry.mended).toBeUndefined()
  })

  it('keep a regular distance', async () => {
    const { read } = await relayChat(relay, { script: talk('a', { wait: 1_050 }, 'b') })
    const at = read.events.filter((_, index) => isQuiet(read.chunks[index])).map((each) => each.at)
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
    expect(gaps.length).toBeGreaterThanOrEqual(4)
    for (const gap of gaps) expect(gap).toBeGreaterThan(50)
    expect(Math.max(...gaps)).toBeLessThan(400)
  })

  it('never come inside an event', async () => {
    const event = token('b')
    const halves = [{ send: event.slice(0, 40) }, { wait: 450 }, { send: event.slice(40) }]
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
    steps: [{ send: '{"error":{"message":"Loading model","code":503}}' }],
  }

  it('tell the status of an early failure', async () => {
    const script = { ...refusal, headersAfter: 200 }
    const response = await postChat(relay.server.base, { script })
    expect(response.status).toBe(503)
    expect((await errorOf(response)).message).toContain('Loading model')
  })

  it('that went out leave a late failure to an error frame', async () => {
    const script = { ...refusal, headersAfter: 1_000 }
    const { read, entry } = await relayChat(relay, { script })
    expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [] })
    expect(read.error?.message).toContain('Loading model')
    expect(entry).toMatchObject({ outcome: 'failed', status: 200 })
  })

  it('tell the status of a stream that breaks before its first chunk', async () => {
    const script = { steps: [{ wait: 200 }, { send: ': hi\n\n' }, { cut: true as const }] }
    const response = await postChat(relay.server.base, { script })
    expect(response.status).toBe(502)
    expect((await errorOf(response)).code).toBe('upstream_truncated')
  })
}

function lateDeadlines(relay: Relay): void {
  const expectLate = async (script: Script, code: string) => {
    const begin = performance.now()
    const { read, sent, entry } = await relayChat(relay, { script })
    expect(read).toMatchObject({ status: 200, outcome: 'failed', problems: [] })
    expect(read.error).toMatchObject({ code, type: 'server_error' })
    expect(read.error?.message).toContain('gpu')
    expect(entry).toMatchObject({ outcome: 'failed', code })
    expect(lostToSplitting(read)).toBe(0)
    await sent[0]?.closedWithin(1_000)
    return performance.now() - begin
  }

  it('the answer', async () => {
    const took = await expectLate({ headersAfter: 'never', steps: [] }, 'answer_timeout')
    expect(took).toBeGreaterThan(550)
    expect(took).toBeLessThan(1_600)
  })

  it('the first token', async () => {
    await expectLate({ headersAfter: 300, steps: [{ hang: true }] }, 'first_token_timeout')
  })

  it('the first token, a role being none', async () => {
    await expectLate({ steps: [{ send: token('') }, { hang: true }] }, 'first_token_timeout')
  })

  it('the first token, however many chunks say nothing', async () => {
    const nothing: Step = { repeat: 20, steps: [{ send: token('') }, { wait: 200 }] }
    const took = await expectLate(talkOf([nothing, { hang: true }]), 'first_token_timeout')
    expect(took).toBeLessThan(2_500)
  })

  it('the next token', async () => {
    await expectLate(talkOf([{ send: token('a') }, { hang: true }]), 'token_timeout')
  })

  it('the next token, comments being none', async () => {
    const comments: Step = { repeat: 30, steps: [{ send: ': busy\n\n' }, { wait: 100 }] }
    const took = await expectLate(talkOf([{ send: token('a') }, comments]), 'token_timeout')
    expect(took).toBeLessThan(2_500)
  })

  it('the next token, chunks that say nothing being none', async () => {
    const nothing: Step = { repeat: 20, steps: [{ send: token('') }, { wait: 200 }] }
    const steps = [{ send: token('a') }, nothing, { hang: true as const }]
    expect(await expectLate(talkOf(steps), 'token_timeout')).toBeLessThan(2_500)
  })

  it('none for a stream that is slow but goes on', async () => {
    const slow = ['a', 'b', 'c', 'd'].flatMap((word) => [{ wait: 500 }, word])
    const { read } = await relayChat(relay, { script: talk(...slow) })
    expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'abcd' })
  })
}

async function patience(relay: Relay): Promise<void> {
  const { client, body } = await deaf(relay, 32_000_000)
  try {
    await sleep(1_700)
    expect((await nextFor(relay, body)).finished).toBe(false)
    client.resume()
    expect(await untilDone(client)).not.toContain('"error"')
  } finally {
    client.hangUp()
  }
}

function earlyDeadlines(relay: Relay): void {
  it.each([
    ['the answer', { headersAfter: 'never', steps: [] }, 'answer_timeout', true],
    ['the first token', { steps: [{ hang: true }] }, 'first_token_timeout', true],
    ['a whole answer', { headersAfter: 'never', steps: [] }, 'answer_timeout', false],
  ] as [string, Script, string, boolean][])('%s', async (_, script, code, stream) => {
    const body = tag({ stream, script })
    const response = await postChat(relay.server.base, body)
    expect(response.status).toBe(504)
    const error = await errorOf(response)
    expect(error).toMatchObject({ code, type: 'server_error' })
    expect(error.message).toMatch(/gpu .* --[a-z-]+-timeout/)
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed', code })
    await (await nextFor(relay, body)).closedWithin(1_000)
  })
}

async function clientDeadline(relay: Relay): Promise<void> {
  const { client, body } = await deaf(relay)
  try {
    await (await nextFor(relay, body)).closedWithin(5_000)
    const entry = await relay.server.nextLog(({ outcome }) => outcome === 'cancelled')
    expect(entry.durationMs).toBeGreaterThan(650)
  } finally {
    client.hangUp()
  }
}

/** A client that has stopped reading a flood of so many bytes; it ends properly after them. */
async function deaf(relay: Relay, bytes?: number) {
  const flood = { text: token('x'.repeat(1_000)), ...(bytes && { bytes }) }
  const script = { steps: [{ flood }, { send: finish() + frame('[DONE]') }] }
  const messages = [{ role: 'user', content: 'Go.' }]
  const body = tag({ model: 'm', stream: true, messages, script })
  const client = await rawRequest({ port: relay.server.port, body })
  await client.waitFor('"xxx')
  client.pause()
  return { client, body }
}

function isQuiet(chunk: StreamRead['chunks'][number] | undefined): boolean {
  const choice = chunk?.choices?.[0]
  return choice !== undefined && Object.keys(choice.delta).length === 0 && !choice.finish_reason
}

/** What a client sees that takes a blank line for the end of an event and its first line for data. */
function splitAtBlankLines(read: StreamRead): string[] {
  const events = read.raw.split('\n\n').filter((event) => event.startsWith('data: '))
  return events.map((event) => event.slice(6))
}

/** How many events with words, a finish or an error such a client loses. */
function lostToSplitting(read: StreamRead): number {
  const seen = new Set(splitAtBlankLines(read))
  return read.events.filter(({ data }) => !seen.has(data) && !data.includes('"content":""')).length
}

/** Everything that a raw response said, once it said `[DONE]`. */
async function untilDone(client: RawResponse): Promise<string> {
  const deadline = performance.now() + 20_000
  for (let length = -1; length < client.received() || !client.text().includes('[DONE]'); ) {
    if (performance.now() > deadline) throw new Error(`${client.received()} bytes, no [DONE].`)
    length = client.received()
    await sleep(200)
  }
  return client.text()
}

function quietChunks(text: string): number {
  return text.split('"delta":{},"finish_reason":null').length - 1
}

const envelope = {
  id: 'chatcmpl-t',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'm',
}

function token(content: string): string {
  const choice = { index: 0, delta: { role: 'assistant', content }, finish_reason: null }
  return frame({ ...envelope, choices: [choice] })
}

function finish(): string {
  return frame({ ...envelope, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
}

/** Words and other steps, and a proper finish. */
function talk(...parts: (string | Step)[]): Script {
  const steps = parts.map((part) => (typeof part === 'string' ? { send: token(part) } : part))
  return talkOf([...steps, { send: finish() + frame('[DONE]') }])
}

function talkOf(steps: Step[]): Script {
  return { steps }
}
