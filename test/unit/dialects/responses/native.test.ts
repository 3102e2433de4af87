import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import { createHostedHandler, type Handler } from '../../../../src/handler.ts'
import { lintResponse, type ResponsesRead, readResponses } from '../../../support/responses.ts'
import {
  begin,
  end,
  framesOf,
  output,
  responseOf,
  said,
  usage,
} from '../../../support/responses-upstream.ts'
import type { Script, Step } from '../../../support/script.ts'
import { startUpstream, type Upstream } from '../../../support/upstream.ts'

type Fields = Record<string, unknown>

let upstream: Upstream
let handler: Handler
beforeAll(async () => {
  upstream = await startUpstream({ persona: 'vllm' })
  handler = make()
})
afterAll(() => upstream.close())

function make(settings: { heartbeat?: number; headerWait?: number } = {}): Handler {
  return createHostedHandler({
    upstream: [{ url: upstream.url, label: 'gpu', nativeApis: ['responses'] }],
    discover: false,
    insecure: true,
    retry: false,
    ...settings,
  })
}
beforeEach(() => {
  upstream.script = { steps: framesOf([...begin, ...said, ...end]) }
})

async function call(path: string, body?: object, method = body ? 'POST' : 'GET') {
  const init = { method, headers: { 'content-type': 'application/json' } }
  const url = `http://127.0.0.1/v1/responses${path}`
  return handler.fetch(new Request(url, { ...init, ...(body && { body: JSON.stringify(body) }) }))
}

async function stream(script?: Script, body: Fields = {}): Promise<ResponsesRead> {
  if (script) upstream.script = script
  const response = await call('', { input: 'Go.', stream: true, ...body })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return readResponses(text)
}

describe('an upstream that speaks the API itself', () => {
  it('is told the summary of a conversation that only sluice can read', async () => {
    const compaction = { type: 'compaction', encrypted_content: toEncryptedContent('All is well.') }
    const other = { type: 'compaction', encrypted_content: 'gAAAA' }
    await stream(undefined, { input: [compaction, other] })
    const text = expect.stringMatching(/All is well\.$/)
    const told = { role: 'user', content: [{ type: 'input_text', text }] }
    expect(upstream.requests.at(-1)?.body).toMatchObject({ input: [told, other] })
  })

  it('is told the request as it is, and to keep nothing', async () => {
    await stream(undefined, { tools: [{ type: 'web_search' }], truncation: 'auto', temperature: 1 })
    const { path, body } = upstream.requests.at(-1) ?? {}
    expect(path).toBe('/v1/responses')
    expect(body).toMatchObject({
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go.' }] }],
      tools: [{ type: 'web_search' }],
      truncation: 'auto',
      temperature: 1,
      stream: true,
      store: false,
    })
  })

  it('is forwarded, with the items of its own tools, under one id', async () => {
    const read = await stream()
    expect(read.problems).toEqual([])
    expect(read.outcome).toBe('completed')
    expect(read.events.map(({ type }) => type)).toEqual(
      [...begin, ...said, ...end].map(({ type }) => type),
    )
    expect(read.events.map((event) => event.sequence_number)).toEqual(
      read.events.map((_, at) => at),
    )
    expect(read.response).toMatchObject({ model: 'theirs', output, usage, store: true })
    expect(read.response?.id).not.toBe('resp_theirs')
    const found = await call(`/${read.response?.id}`)
    expect(await found.json()).toEqual(read.response)
  })

  it('adds no item to the response by an event of a type that nobody knows', async () => {
    const own = { type: 'response.own.note', output_index: 5, item: { type: 'own' } }
    const again = { type: 'response.in_progress', response: responseOf('in_progress') }
    const read = await stream({ steps: framesOf([...begin, own, again, ...said, ...end]) })
    expect(read.events.find(({ type }) => type === own.type)).toMatchObject(own)
    const states = read.events.filter(({ type }) => type === 'response.in_progress')
    expect(states.map(({ response }) => (response as Fields).output)).toEqual(states.map(() => []))
  })

  it('answers whole', async () => {
    const script = JSON.stringify(responseOf('completed', output, { usage }))
    upstream.script = { steps: [{ send: script }] }
    const response = await call('', { input: 'Go.' })
    const value = (await response.json()) as Fields
    expect(value).toMatchObject({ status: 'completed', output, usage })
    expect(lintResponse(value)).toEqual([])
    expect(value.id).not.toBe('resp_theirs')
    expect(await (await call(`/${value.id}`)).json()).toEqual(value)
  })

  it('is told the whole conversation where a response goes on', async () => {
    const first = await stream()
    const input = 'And?'
    const second = await stream(undefined, { input, previous_response_id: first.response?.id })
    expect(second.response?.previous_response_id).toBe(first.response?.id)
    const { body } = upstream.requests.at(-1) as { body: { input: Fields[] } }
    expect(body).not.toHaveProperty('previous_response_id')
    expect(body.input.map(({ type }) => type)).toEqual([
      'message',
      'web_search_call',
      'message',
      'message',
    ])
  })

  it('gets signs of life before it speaks and between its events, all numbered', async () => {
    const wait = { wait: 250 }
    handler = make({ heartbeat: 50, headerWait: 20 })
    const read = await stream({
      steps: [wait, ...framesOf([...begin, ...said]), wait, ...framesOf(end)],
    })
    handler = make()
    expect(read.problems).toEqual([])
    expect(read).toMatchObject({ outcome: 'completed', text: 'Hi' })
    const types = read.events.map(({ type }) => type)
    expect(types.filter((type) => type === 'response.created')).toHaveLength(1)
    const beats = types.filter((type) => type === 'response.in_progress').length
    expect(beats).toBeGreaterThan(3)
  })

  it.each<[string, Step[], string]>([
    ['breaks off', [{ cut: true }], 'upstream_truncated'],
    ['ends', [], 'upstream_truncated'],
    [
      'sends garbage',
      framesOf([{ type: 'response.output_text.delta', output_index: 7, delta: '' }]),
      'upstream_invalid',
    ],
    [
      'sends an error',
      framesOf([{ type: 'error', code: 'overloaded', message: 'Too much' }]),
      'overloaded',
    ],
    [
      'fails',
      framesOf([
        {
          type: 'response.failed',
          response: responseOf('failed', [], { error: { code: 'server_error', message: 'CUDA' } }),
        },
      ]),
      'server_error',
    ],
  ])('that %s fails in one way', async (_, steps, code) => {
    const read = await stream({ steps: [...framesOf([...begin, ...said]), { wait: 30 }, ...steps] })
    expect(read.problems).toEqual([])
    expect(read).toMatchObject({ outcome: 'failed', text: 'Hi', error: { code } })
    expect(await (await call(`/${read.response?.id}`)).json()).toMatchObject({ status: 'failed' })
  })

  it('tells its own failure in its own words, and that alone', async () => {
    const error = { code: 'server_error', message: 'CUDA' }
    const failed = { type: 'response.failed', response: responseOf('failed', [], { error }) }
    const told = { type: 'error', code: 'server_error', message: 'CUDA', param: null }
    const fail = async (...events: Fields[]) => {
      const read = await stream({ steps: framesOf([...begin, ...events]) })
      expect(read).toMatchObject({ problems: [], outcome: 'failed', error })
      return read.events.map(({ type }) => type).slice(begin.length)
    }
    expect(await fail(failed)).toEqual(['response.failed'])
    expect(await fail(told, failed)).toEqual(['error', 'response.failed'])
    const read = await stream({ steps: framesOf([...begin, told]) })
    expect(read).toMatchObject({ problems: [], outcome: 'failed' })
    expect(read.events.slice(begin.length)).toMatchObject([told, { type: 'response.failed' }])
  })

  it('refuses by its own status', async () => {
    const error = {
      message: 'No such model.',
      type: 'invalid_request_error',
      code: 'x',
      param: null,
    }
    upstream.script = {
      status: 404,
      headers: { 'content-type': 'application/json' },
      steps: [{ send: JSON.stringify({ error }) }],
    }
    const response = await call('', { input: 'Go.', stream: true })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error })
  })

  it('is asked for a chat where the response runs in the background', async () => {
    upstream.script = { persona: 'vllm', words: ['Hi'] }
    const read = await stream(undefined, { background: true, model: 'Qwen/Qwen3-8B' })
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'Hi' })
    expect(upstream.requests.at(-1)?.path).toBe('/v1/chat/completions')
  })
})
