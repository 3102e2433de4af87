import { describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { logOf, nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import type { HostName } from '../support/server.ts'
import { END, pace, talk, token } from '../support/talk.ts'
import { bearer, entry } from './keys-entries.ts'
import { codingAgentTurns } from './keys-tokens-agent.ts'

/** Few enough that little trickles in during a test: 15 a second. */
const LIMIT = 900

const ENTRIES = Array.from({ length: 40 }, (_, at) => {
  return entry(`t${at}`, `t${at}-key`, { tokensPerMinute: LIMIT })
})

const CHUNK = 'chat.completion.chunk'

/** What counts against a limit on tokens, whatever a client or an upstream says. */
export function tokenLimits(host: HostName): void {
  describe('a limit on tokens', () => {
    const agent = entry('agent', 'agent-key', { tokensPerMinute: 10_000 })
    const relay = useRelay(host, {
      env: { SLUICE_KEYS: JSON.stringify([...ENTRIES, agent]) },
      upstream: { models: [{ id: 'small-1' }] as never },
    })
    let used = 0
    /** A key whose bucket is full. */
    const newKey = () => `t${used++}-key`
    prompts(relay, newKey)
    departures(host, relay, newKey)
    usage(relay, newKey)
    excess(relay, newKey)
    codingAgentTurns(relay)
  })
}

type NewKey = () => string

function post(relay: Relay, path: string, key: string, body: object): Promise<Response> {
  return fetch(`${relay.server.base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(key).headers },
    body: JSON.stringify({ model: 'small-1', ...body }),
  })
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })

/** What is left of a key's tokens, by a request that uses none. */
async function left(relay: Relay, key: string): Promise<number> {
  const response = await post(relay, '/messages/count_tokens', key, user('Hi'))
  await response.text()
  return Number(response.headers.get('x-ratelimit-remaining-tokens'))
}

const text = 'x'.repeat(2_000)
const wide = Buffer.alloc(9_000)
wide.write('89504e470d0a1a0a0000000d494844520000032000000258', 'hex')

function prompts(relay: Relay, newKey: NewKey): void {
  const script = talk('hello')
  const result = { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text }] }
  const call = { type: 'tool_use', id: 'a', name: 'f', input: { type: 'base64', data: text } }
  const turns = [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: [call] },
    { role: 'user', content: [{ ...result, content: 'ok' }] },
  ]
  const f = { type: 'function', function: { name: 'f', description: text } }

  it.each<[string, string, object]>([
    ['a text that starts as a data URL', '/chat/completions', user(`data:${text}`)],
    ['an image that is a text', '/messages', { max_tokens: 9, ...user(`data:image/png,${text}`) }],
    ['a tool', '/chat/completions', { ...user('Go.'), tools: [f] }],
    ['the input of a call', '/messages', { max_tokens: 9, messages: turns }],
    ['instructions', '/responses', { input: 'Go.', instructions: `data:${text}` }],
    ['an input', '/responses', { input: `data:${text}` }],
    ['a prompt', '/completions', { prompt: `data:${text}` }],
    ['ids', '/embeddings', { input: Array(500).fill(7) }],
  ])('counts %s: %s', async (_what, path, body) => {
    const response = await post(relay, path, newKey(), { ...body, script, max_tokens: 9 })
    await response.text()
    // At least the text is reserved, of which each token has about four characters.
    const remaining = Number(response.headers.get('x-ratelimit-remaining-tokens'))
    expect(remaining).toBeLessThanOrEqual(LIMIT - 500)
    expect(remaining).toBeGreaterThan(LIMIT - 560)
  })

  it('counts an image by its pixels', async () => {
    const url = `data:image/png;base64,${wide.toString('base64')}`
    const response = await post(relay, '/chat/completions', newKey(), {
      ...user([{ type: 'image_url', image_url: { url } }]),
      script,
      max_tokens: 9,
    })
    await response.text()
    // 800 × 600 pixels, in squares of 28.
    const remaining = Number(response.headers.get('x-ratelimit-remaining-tokens'))
    expect(remaining).toBeLessThanOrEqual(LIMIT - 638)
    expect(remaining).toBeGreaterThan(LIMIT - 670)
  })
}

function departures(host: HostName, relay: Relay, newKey: NewKey): void {
  // workerd learns late that a client has left, and each second until then is charged as an answer.
  const unseen = host === 'workerd' ? 220 : 0

  it('keeps what an engine was asked, where the client leaves before the first token', async () => {
    const key = newKey()
    const body = tag({ ...user(text), script: { headersAfter: 'never', steps: [] } })
    const leaving = new AbortController()
    const asking = postChat(relay.server.base, body, { ...bearer(key), signal: leaving.signal })
    asking.catch(() => {})
    await nextFor(relay, body)
    leaving.abort()
    await expect.poll(() => left(relay, key)).toBeGreaterThan(0)
    // Only the reservation for the answer is given back.
    await expect
      .poll(() => left(relay, key), { timeout: 8_000 })
      .toBeGreaterThan(LIMIT - 505 - unseen)
    expect(await left(relay, key)).toBeLessThan(LIMIT - 300)
  })

  it('gives back what an engine refused', async () => {
    const key = newKey()
    const json = { 'content-type': 'application/json' }
    const script = { status: 400, headers: json, steps: [{ send: '{"error":{"message":"no"}}' }] }
    expect((await postChat(relay.server.base, { ...user(text), script }, bearer(key))).status).toBe(
      400,
    )
    await expect.poll(() => left(relay, key)).toBe(LIMIT)
  })

  it('is charged while a stream runs, so that another one sees it', async () => {
    const key = newKey()
    const tokens = { repeat: 600, steps: [{ send: token() }] }
    const script = { steps: [tokens, { hang: true as const }] }
    const response = await postChat(relay.server.base, { ...user('Go.'), script }, bearer(key))
    expect(response.status).toBe(200)
    const leaving = new AbortController()
    response.body?.pipeTo(new WritableStream(), leaving).catch(() => {})
    await expect.poll(() => left(relay, key), { timeout: 8_000 }).toBeLessThan(LIMIT - 500)
    leaving.abort()
    const other = await post(relay, '/chat/completions', key, { ...user(text), script: talk('a') })
    expect(other.status).toBe(429)
    await other.text()
  })

  it('reserves a bounded share of what is asked for, and no other key sees it', async () => {
    const [key, other] = [newKey(), newKey()]
    const script = pace(100, 50)
    const body = { ...user('Go.'), script, max_tokens: 1_000_000, n: 2 }
    const response = await postChat(relay.server.base, body, bearer(key))
    expect(response.status).toBe(200)
    const remaining = Number(response.headers.get('x-ratelimit-remaining-tokens'))
    expect(remaining).toBeGreaterThan(LIMIT - LIMIT / 4 - 20)
    expect(remaining).toBeLessThanOrEqual(LIMIT - LIMIT / 4)
    expect(await left(relay, other)).toBe(LIMIT)
    await response.body?.cancel()
  })
}

/** What an engine counts beyond all that is possible. */
function excess(relay: Relay, newKey: NewKey): void {
  it.each([
    ['a prompt', { prompt_tokens: 1e8, completion_tokens: 1, total_tokens: 1e8 + 1 }],
    ['an answer', { prompt_tokens: 50, completion_tokens: 1e8, total_tokens: 1e8 + 50 }],
  ])('is charged what is possible where an engine counts more of %s', async (_what, reported) => {
    const key = newKey()
    const choices = [
      { index: 0, message: { role: 'assistant', content: 'y' }, finish_reason: 'stop' },
    ]
    const answer = { id: 'c', created: 1, model: 'm', object: 'chat.completion', choices }
    const script = {
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify({ ...answer, usage: reported }) }],
    }
    const response = await post(relay, '/chat/completions', key, { ...user('Go.'), script })
    expect(response.status).toBe(200)
    await response.text()
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['usage'] })
    await expect.poll(() => left(relay, key)).toBe(0)
    const refused = await post(relay, '/chat/completions', key, { ...user('Go.'), script })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThan(86_400)
    await refused.text()
  })
}

function usage(relay: Relay, newKey: NewKey): void {
  const counts = { prompt_tokens: 50, completion_tokens: 100, total_tokens: 150 }
  const wrong: [string, object][] = [
    ['a text as the prompt', { ...counts, prompt_tokens: 'lots' }],
    ['less than nothing', { ...counts, completion_tokens: -1e6, total_tokens: -1e6 }],
    ['a part of a token', { ...counts, prompt_tokens: 0.5 }],
    ['more than there is', { prompt_tokens: 1e15, completion_tokens: 1, total_tokens: 1e15 }],
    ['nothing for a long answer', { prompt_tokens: 50, completion_tokens: 0, total_tokens: 50 }],
    ['nothing for a prompt', { prompt_tokens: 0, completion_tokens: 100, total_tokens: 100 }],
  ]
  const words = { repeat: 100, steps: [{ send: token() }] }
  const envelope = { id: 'chatcmpl-t', created: 1_790_000_000, model: 'm' }

  it.each(wrong)('is charged by an estimate where a stream reports %s', async (_what, reported) => {
    const key = newKey()
    const [finish, done] = END.split(/(?<=\n\n)/)
    const script = {
      steps: [
        ...[words, { send: finish ?? '' }],
        ...[
          { chunk: { ...envelope, object: CHUNK, choices: [], usage: reported } },
          { send: done ?? '' },
        ],
      ],
    }
    const asked = { ...user(text), script, stream_options: { include_usage: true } }
    const response = await postChat(relay.server.base, asked, bearer(key))
    const read = await readStream(response, { usage: true })
    expect(read.outcome).toBe('finished')
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['usage'] })
    for (const unfit of ['lots', '-1000000', '1000000000000000', '0.5']) {
      expect(read.raw).not.toContain(unfit)
    }
    await expect.poll(() => left(relay, key)).toBeGreaterThan(LIMIT - 620)
    expect(await left(relay, key)).toBeLessThan(LIMIT - 500)
  })

  it.each(wrong)('and where an answer reports %s', async (_what, reported) => {
    const key = newKey()
    const message = { role: 'assistant', content: 'y'.repeat(400) }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    const answer = { ...envelope, object: 'chat.completion', choices, usage: reported }
    const script = {
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify(answer) }],
    }
    const response = await post(relay, '/chat/completions', key, { ...user(text), script })
    expect(response.status).toBe(200)
    const told = await response.text()
    for (const unfit of ['lots', '-1000000', '1000000000000000', '0.5']) {
      expect(told).not.toContain(unfit)
    }
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['usage'] })
    await expect.poll(() => left(relay, key)).toBeGreaterThan(LIMIT - 620)
    expect(await left(relay, key)).toBeLessThan(LIMIT - 500)
  })
}
