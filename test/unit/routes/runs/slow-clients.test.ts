import { afterEach, describe, expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { createHandler, type Handler } from '../../../../src/handler.ts'

let written = 0

/** Answers with so many pieces of so many characters, as fast as they are taken. */
const engine = defineEngine({
  label: 'engine',
  models: ['m'],
  async *chat({ messages }) {
    const [count = 1, length = 1, pause = 0] = String(messages.at(-1)?.content)
      .split(' ')
      .map(Number)
    for (let n = 0; n < count; n++) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      written += length
      yield 'x'.repeat(length)
    }
  },
})

const handlers: Handler[] = []

afterEach(async () => {
  for (const handler of handlers.splice(0)) await handler.drain(0)
})

function start(options: Parameters<typeof createHandler>[0] = {}) {
  written = 0
  const handler = createHandler({
    engines: [engine],
    headerWait: 20,
    authenticate: () => ({ name: 'eve', resumable: true }),
    log: () => {},
    ...options,
  })
  handlers.push(handler)
  const send = (path: string, init?: RequestInit) =>
    handler.fetch(new Request(`http://sluice.example${path}`, init))
  const post = (path: string, body: object, headers = {}) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', stream: true, ...body }),
    })
  const chat = (content: string) =>
    post('/v1/chat/completions', { messages: [{ role: 'user', content }] })
  return { send, post, chat }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a client that reads more slowly than its engine writes', () => {
  it('holds the engine up when it is far behind, and gets all of it', async () => {
    const { chat } = start()
    const reader = (await chat('1500 4000')).body?.getReader()
    await reader?.read()
    await pause(100)
    // Two million, and what is on its way.
    expect(written).toBeLessThan(2_500_000)
    let text = ''
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    expect(written).toBe(6_000_000)
  })

  it('holds it up no longer once it has left', async () => {
    const { chat, send } = start()
    const response = await chat('1500 4000')
    await pause(50)
    expect(written).toBeLessThan(2_500_000)
    await response.body?.cancel()
    await expect.poll(() => written, { timeout: 5_000 }).toBe(6_000_000)
    const path = response.headers.get('x-sluice-resume') ?? ''
    await expect.poll(async () => (await send(path)).status).toBe(410)
  })

  it('is given up when it stops reading, and the run goes on', async () => {
    const { chat, send } = start({ clientTimeout: 400 })
    const response = await chat('20 400000')
    const reader = response.body?.getReader()
    // It takes a little, and so it is given up later than the engine began to wait.
    await pause(200)
    for (let n = 0; n < 3; n++) await reader?.read()
    await expect.poll(() => written, { timeout: 5_000 }).toBe(8_000_000)
    const path = response.headers.get('x-sluice-resume') ?? ''
    const last = async () => (await send(`${path}?starting_after=19`)).text()
    await expect.poll(last).toContain('[DONE]')
  })

  it.each([false, true])(
    'gets the end of a response that is larger than the log',
    async (background) => {
      const { post } = start()
      const text = await (await post('/v1/responses', { input: '10 130000 2', background })).text()
      expect(text).toContain('event: response.completed')
    },
  )
})

describe('heartbeats of Ollama’s API', () => {
  it('are those of a plain stream unless the client counts lines', async () => {
    const { post } = start({ heartbeat: 60 })
    const of = async (path: string, body: object, headers = {}) => {
      const text = await (await post(path, body, headers)).text()
      return JSON.parse(text.split('\n')[0] ?? '') as { created_at: string }
    }
    const chat = { messages: [{ role: 'user', content: '1 1 150' }] }
    const empty = { role: 'assistant', content: '' }
    const plain = await of('/api/chat', chat)
    expect(plain).toEqual({
      model: 'm',
      created_at: plain.created_at,
      message: empty,
      done: false,
    })
    expect(plain.created_at).not.toMatch(/^1970/)
    const marked = await of('/api/chat', chat, { 'x-sluice-resume': '1' })
    const created_at = '1970-01-01T00:00:00Z'
    expect(marked).toEqual({ model: 'm', created_at, message: empty, done: false })
    const generated = await of('/api/generate', { prompt: '1 1 150' }, { 'x-sluice-resume': '1' })
    expect(generated).toEqual({ model: 'm', created_at, response: '', done: false })
  })
})
