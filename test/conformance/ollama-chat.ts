import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { broken, chunkOf, endless } from '../support/messages.ts'
import { ask, model, postOllama, readOllama, words } from '../support/ollama.ts'
import { logOf, nextFor, type Relay, tag, useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { ollamaRefusals } from './ollama-chat-refusals.ts'
import { ollamaRequests } from './ollama-chat-requests.ts'

/** More bytes than the sockets of two connections hold. */
const FLOOD = 48 * 1024 * 1024

/** Ollama's `/api/chat` and `/api/generate`, told from chats and text completions. */
export function ollamaChat(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm' },
    flags: ['--static-delay', '0', '--first-token-timeout', '5s'],
  })
  describe('the stream', () => streams(relay))
  describe('a quiet engine', () => heartbeats(host))
  describe('the whole answer', () => whole(relay))
  describe('its endings', () => endings(relay))
  describe('the request', () => ollamaRequests(relay))
  describe('refusals', () => ollamaRefusals(host, relay))
}

async function read(relay: Relay, script: Scripted, body: object = {}, path = 'chat') {
  const response = await postOllama(relay, { options: { script }, ...body }, path)
  return { response, it: readOllama(await response.text()) }
}

function streams(relay: Relay): void {
  it('is lines of JSON, the last of which is done', async () => {
    const script: Scripted = {
      persona: 'vllm',
      reasoning: ['Hm.', 'So.'],
      toolCalls: [
        { name: 'f', arguments: ['{"a"', ':1}'] },
        { name: 'g', arguments: ['{"id":123456789012345678901}'] },
      ],
    }
    const { response, it: answer } = await read(relay, script)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', text: words })
    expect(answer.thinking).toBe('Hm. So.')
    expect(answer.calls.map((call) => call.function)).toEqual([
      { index: 0, name: 'f', arguments: { a: 1 } },
      { index: 1, name: 'g', arguments: expect.anything() },
    ])
    // All digits, and both calls in one line.
    expect(answer.raw).toContain('"arguments":{"id":123456789012345678901}')
    expect(answer.lines.filter(({ message }) => message?.tool_calls)).toHaveLength(1)
    expect(new Set(answer.calls.map(({ id }) => id)).size).toBe(2)
    expect(answer.last).toMatchObject({ model, done_reason: 'stop', prompt_eval_count: 9 })
    expect(answer.last?.eval_count).toBe(14)
    expect(answer.last?.total_duration).toBeGreaterThan(0)
    expect(await logOf(relay.server, response)).toMatchObject({
      outcome: 'finished',
      path: '/api/chat',
      tokens: 14,
      model,
    })
  })

  it('is one of text alone for a prompt', async () => {
    const { response, it: answer } = await read(relay, { persona: 'vllm' }, {}, 'generate')
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', text: words })
    expect(answer.lines.every(({ message }) => message === undefined)).toBe(true)
  })

  it('is one for a raw prompt, which no template is applied to', async () => {
    const { it: answer } = await read(relay, { persona: 'vllm' }, { raw: true }, 'generate')
    expect(answer).toMatchObject({ problems: [], outcome: 'finished' })
    expect(answer.text).not.toBe('')
  })

  it('has whole lines for whoever ends them at any end of a line', async () => {
    const text = 'a\u2028b\u2029c\u0085d\r\ne'
    const steps = [
      { chunk: chunkOf({ role: 'assistant', content: text }) },
      { chunk: { ...chunkOf({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } },
      { send: 'data: [DONE]\n\n' },
    ]
    const { it: answer } = await read(relay, { steps })
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', text })
  })

  it('says what took how long where the engine measures it', async () => {
    const timings = { prompt_n: 3, prompt_ms: 12.5, predicted_n: 2, predicted_ms: 40 }
    const ending = { index: 0, delta: {}, finish_reason: 'length' }
    const steps = [
      { chunk: chunkOf({ role: 'assistant', content: 'A' }) },
      { chunk: { ...chunkOf({}), choices: [ending], timings } },
      { send: 'data: [DONE]\n\n' },
    ]
    const { it: answer } = await read(relay, { steps })
    expect(answer.problems).toEqual([])
    expect(answer.last).toMatchObject({
      done_reason: 'length',
      prompt_eval_duration: 12_500_000,
      eval_duration: 40_000_000,
    })
    // The engine counted nothing.
    expect(answer.last).not.toHaveProperty('eval_count')
    expect(answer.last).not.toHaveProperty('prompt_eval_count')
  })
}

function heartbeats(host: HostName): void {
  const relay = useRelay(host, {
    upstream: { persona: 'vllm' },
    flags: ['--heartbeat', '200', '--header-wait', '100'],
  })

  it('is kept open by lines without content, before the first word and after it', async () => {
    const steps = [
      { wait: 700 },
      { chunk: chunkOf({ role: 'assistant', content: 'A' }) },
      { wait: 600 },
      { chunk: { ...chunkOf({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } },
      { send: 'data: [DONE]\n\n' },
    ]
    for (const path of ['chat', 'generate']) {
      const { it: answer } = await read(relay, { steps }, {}, path)
      expect(answer).toMatchObject({ problems: [], outcome: 'finished', text: 'A' })
      const at = answer.lines.findIndex((each) => (each.message?.content ?? each.response) === 'A')
      expect(at).toBeGreaterThanOrEqual(1)
      // The word, an empty line and the end.
      expect(answer.lines.length - at).toBeGreaterThanOrEqual(3)
    }
  })
}

function whole(relay: Relay): void {
  it.each(['chat', 'generate'])('is one object: %s', async (path) => {
    const script: Scripted = { persona: 'vllm', reasoning: ['Hm.'] }
    const response = await postOllama(relay, { stream: false, options: { script } }, path)
    expect(response.headers.get('content-type')).toBe('application/json')
    const answer = readOllama(`${await response.text()}\n`)
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', thinking: 'Hm.' })
    expect(answer.text).toBe(words)
    expect(answer.last).toMatchObject({ model, done_reason: 'stop', prompt_eval_count: 9 })
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'ok', tokens: 10 })
  })

  it('is one for a raw prompt', async () => {
    const response = await postOllama(relay, { stream: false, raw: true }, 'generate')
    const answer = readOllama(`${await response.text()}\n`)
    expect(answer).toMatchObject({ problems: [], outcome: 'finished' })
    expect(answer.text).not.toBe('')
  })

  it('has whole calls', async () => {
    const script: Scripted = {
      persona: 'vllm',
      words: [],
      toolCalls: [{ name: 'f', arguments: ['{"a":1}'] }],
    }
    const response = await postOllama(relay, { stream: false, options: { script } })
    const answer = readOllama(`${await response.text()}\n`)
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', text: '' })
    expect(answer.calls[0]?.function).toEqual({ index: 0, name: 'f', arguments: { a: 1 } })
  })

  it.each([
    [{}, 'load'],
    [{ keep_alive: '10m' }, 'load'],
    [{ keep_alive: 0 }, 'unload'],
    [{ keep_alive: '0s', stream: true }, 'unload'],
  ])('only tells of the model where there is no prompt: %j', async (body, did) => {
    const sent = relay.upstream.requests.length
    for (const [path, nothing] of [
      ['chat', { messages: [] }],
      ['generate', { prompt: '' }],
    ] as const) {
      const response = await postOllama(relay, { ...nothing, ...body }, path)
      expect(response.status).toBe(200)
      const answer = readOllama(`${await response.text()}\n`)
      expect(answer).toMatchObject({ problems: [], outcome: 'finished', text: '' })
      expect(answer.last).toMatchObject({ model, done: true, done_reason: did })
    }
    expect(relay.upstream.requests.slice(sent).filter(({ method }) => method === 'POST')).toEqual(
      [],
    )
  })
}

function endings(relay: Relay): void {
  it.each(['chat', 'generate'])('fails by a line, and is never done: %s', async (path) => {
    const { response, it: answer } = await read(relay, broken, {}, path)
    expect(response.status).toBe(200)
    expect(answer).toMatchObject({ problems: [], outcome: 'failed', text: 'Half a thought' })
    expect(answer.last?.error).toMatch(/CUDA out of memory/)
    expect(await logOf(relay.server, response)).toMatchObject({ outcome: 'failed' })
  })

  it('fails by a line where a call is not whole', async () => {
    const toolCalls = [{ name: 'f', arguments: ['{"a"'] }]
    const { it: answer } = await read(relay, { persona: 'vllm', toolCalls })
    expect(answer).toMatchObject({ problems: [], outcome: 'failed', calls: [] })
    expect(answer.last?.error).toMatch(/"f" with arguments that are not a JSON object/)
  })

  it('leaves out a call that the limit of tokens cut off', async () => {
    const toolCalls = [{ name: 'f', arguments: ['{"a"'] }]
    const script: Scripted = { persona: 'vllm', toolCalls, finish: 'length' }
    const { it: answer } = await read(relay, script)
    expect(answer).toMatchObject({ problems: [], outcome: 'finished', calls: [] })
    expect(answer.last?.done_reason).toBe('length')
  })

  it('fails with a true status where nothing came', async () => {
    relay.upstream.script = { persona: 'vllm', error: 'context_length' }
    for (const path of ['chat', 'generate']) {
      const response = await postOllama(relay, {}, path)
      expect(response.status).toBe(400)
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(await response.json()).toEqual({ error: expect.stringMatching(/context/) })
    }
    relay.upstream.script = undefined
  })

  it('slows the engine to the pace of its client, and loses nothing', async () => {
    const piece = 'lorem ipsum dolor sit amet '.repeat(400)
    const steps = [
      { flood: { text: `data: ${JSON.stringify(chunkOf({ content: piece }))}\n\n`, bytes: FLOOD } },
      { chunk: { ...chunkOf({}), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } },
      { send: 'data: [DONE]\n\n' },
    ]
    const tagged = tag({ script: { steps } })
    const response = await postOllama(relay, { options: tagged })
    const request = await nextFor(relay, tagged)
    for (let sent = -1; sent !== request.sentBytes; ) {
      sent = request.sentBytes
      await sleep(500)
    }
    expect(request.sentBytes).toBeLessThan(FLOOD)
    expect(request.finished).toBe(false)
    const answer = readOllama(await response.text())
    expect(answer).toMatchObject({ problems: [], outcome: 'finished' })
    expect(answer.text).toHaveLength(piece.length * (answer.lines.length - 1))
    expect(answer.text.length).toBeGreaterThan(0.9 * FLOOD)
  })

  it.each(['chat', 'generate'])('stops the engine when the client hangs up: %s', async (path) => {
    const tagged = tag({ script: endless })
    const leaving = new AbortController()
    const response = await fetch(`${relay.server.url}/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, prompt: 'Go.', options: tagged }),
      signal: leaving.signal,
    })
    const reader = response.body?.getReader()
    await reader?.read()
    const request = await nextFor(relay, tagged)
    leaving.abort()
    await request.closedWithin(2_000)
    const id = response.headers.get('x-request-id')
    const entry = await relay.server.nextLog((each) => each.id === id)
    expect(entry.outcome).toBe('cancelled')
  })
}
