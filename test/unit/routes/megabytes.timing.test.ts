import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { Fetched, FetchInit } from '../../../src/platform/fetch.ts'

type NativeApis = ('messages' | 'responses')[]

/** A handler, and what its upstream gets: it refuses every request, since no answer matters. */
function relay(nativeApis: NativeApis) {
  const sent: string[] = []
  const fetch = async (_url: string, { body }: FetchInit) => {
    if (body !== undefined)
      sent.push(typeof body === 'string' ? body : Buffer.from(body).toString())
    const models = { data: [{ id: 'm', object: 'model' }] }
    const {
      status,
      ok,
      headers,
      body: answer,
    } = Response.json(body === undefined ? models : { error: { message: 'no' } }, {
      status: body === undefined ? 200 : 404,
    })
    return { status, ok, headers, body: answer } as Fetched
  }
  const { fetch: ask } = createHostedHandler(
    { upstream: [{ label: 'gpu', url: 'http://127.0.0.1:9/v1', nativeApis }], discover: false },
    { exposure: 'machine', fetch },
  )
  const post = (path: string, body: object, signal?: AbortSignal) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) }
    return ask(new Request(`http://localhost${path}`, init))
  }
  return { sent, post }
}

const PHRASE = 'It says "\u{1f600}"\n in \\ every way. '
const texts = (length: number) =>
  Array.from({ length: 12 }, (_, at) => `${at} ${PHRASE.repeat(length / PHRASE.length / 12)}`)

const roles = (at: number) => (at % 2 === 0 ? 'user' : 'assistant')
const chat = (length: number) => ({
  ...{ model: 'm', stream: true, seed: 7 },
  messages: texts(length).map((content, at) => ({ role: roles(at), content })),
})
const messages = (length: number) => ({
  ...{ model: 'm', stream: true, max_tokens: 9, system: 's' },
  messages: texts(length).map((text, at) => ({
    role: roles(at),
    content: [{ type: 'text', text }],
  })),
})
const responses = (length: number) => ({
  ...{ model: 'm', stream: true, instructions: 's', store: false },
  input: texts(length).map((text, at) => ({
    role: roles(at),
    content: [{ type: at % 2 === 0 ? 'input_text' : 'output_text', text }],
  })),
})

const requests: [string, string, (length: number) => object, NativeApis][] = [
  ['chats', '/v1/chat/completions', chat, []],
  ['messages that are translated', '/v1/messages', messages, []],
  ['messages', '/v1/messages', messages, ['messages']],
  ['responses that are translated', '/v1/responses', responses, []],
  ['responses', '/v1/responses', responses, ['responses']],
  ['chats of Ollama', '/api/chat', chat, []],
]

/** What was sent, with each text by its beginning and its end, and without random ids. */
function shown(sent: string | undefined): unknown {
  return JSON.parse(sent ?? 'null', (key, value: unknown) => {
    if (key === 'id') return typeof value === 'string'
    if (typeof value !== 'string') return value
    const isRepeated = value.replaceAll(PHRASE, '').length < 4
    return isRepeated && value.includes(PHRASE) ? value.replaceAll(PHRASE, '') : value
  })
}

describe.each(requests)('%s of megabytes', (_, path, request, nativeApis) => {
  it('reach the upstream as small ones do, and let others have many turns meanwhile', async () => {
    const { sent, post } = relay(nativeApis)
    await post(path, request(1_000))
    let turns = 0
    const mark = () => {
      turns++
      turn = setImmediate(mark)
    }
    let turn = setImmediate(mark)
    await post(path, request(4_000_000))
    clearImmediate(turn)
    expect(sent.map((each) => each.length > 3_000_000)).toEqual([false, true])
    expect(shown(sent[1])).toEqual(shown(sent[0]))
    expect(turns).toBeGreaterThan(5)
  })

  it('never reach it where the client leaves before that', async () => {
    const { sent, post } = relay(nativeApis)
    const control = new AbortController()
    const answered = post(path, request(10_000_000), control.signal)
    setTimeout(() => control.abort(), 20)
    expect((await answered).status).toBe(499)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sent).toEqual([])
  })
})
