import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { deaf, untilDone } from '../support/deaf.ts'
import { postChat } from '../support/read.ts'
import { errorOf, logOf, nextFor, type Relay, relayChat, tag, useRelay } from '../support/relay.ts'
import type { Script, Step } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { lostToSplitting } from '../support/splitting.ts'
import { talk, token } from '../support/talk.ts'

const LIMITS = [
  '--answer-timeout',
  '600ms',
  '--first-token-timeout',
  '800ms',
  '--token-timeout',
  '1s',
]

/** How long an engine and a client may keep the other side waiting. */
export function deadlines(host: HostName): void {
  const flags = [...LIMITS, '--client-timeout', '10s', '--heartbeat', '100ms']

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
    await expectLate({ headersAfter: 150, steps: [{ hang: true }] }, 'first_token_timeout')
  })

  it('the first token, a role being none', async () => {
    await expectLate({ steps: [{ send: token('') }, { hang: true }] }, 'first_token_timeout')
  })

  it('the first token, however many chunks say nothing', async () => {
    const nothing: Step = { repeat: 20, steps: [{ send: token('') }, { wait: 200 }] }
    const took = await expectLate({ steps: [nothing, { hang: true }] }, 'first_token_timeout')
    expect(took).toBeLessThan(2_500)
  })

  it('the next token', async () => {
    await expectLate({ steps: [{ send: token('a') }, { hang: true }] }, 'token_timeout')
  })

  it('the next token, comments being none', async () => {
    const comments: Step = { repeat: 30, steps: [{ send: ': busy\n\n' }, { wait: 100 }] }
    const took = await expectLate({ steps: [{ send: token('a') }, comments] }, 'token_timeout')
    expect(took).toBeLessThan(2_500)
  })

  it('the next token, chunks that say nothing being none', async () => {
    const nothing: Step = { repeat: 20, steps: [{ send: token('') }, { wait: 200 }] }
    const steps = [{ send: token('a') }, nothing, { hang: true as const }]
    expect(await expectLate({ steps }, 'token_timeout')).toBeLessThan(2_500)
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
