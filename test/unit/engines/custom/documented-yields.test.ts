import { expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../../src/handler.ts'
import { eventsOf, handlerOf } from '../../../support/custom.ts'
import { chatPath } from './yielding.ts'

const usage = { prompt_tokens: 3, completion_tokens: 4 }
const call = { function: { name: 'f', arguments: '{}' } }

it.each([
  ['usage at the end', ['Hello', { usage }]],
  ['usage before the text', [{ usage }, 'Hello']],
  ['usage more than once', ['Hel', { usage }, 'lo', { usage }]],
  ['usage in a chunk with text', [{ choices: [{ delta: { content: 'Hello' } }], usage }]],
  ['usage in a chunk without choices', ['Hello', { choices: [], usage }]],
  ['calls without an index', [{ tool_calls: [call] }, { tool_calls: [call] }, { usage }]],
  [
    'a call in pieces by its id',
    [
      { tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{"a":' } }] },
      { tool_calls: [{ id: 'c1', function: { arguments: '1}' } }] },
      { usage },
    ],
  ],
])('is no repair in the log: %s', async (_, yields) => {
  const { ask, log } = handlerOf([{ chat: () => yields }])
  for (const stream of [true, false]) {
    const response = await ask(chatPath, {
      stream,
      stream_options: stream ? { include_usage: true } : null,
    })
    const events = stream ? await eventsOf(response) : [await response.json()]
    const counted = events.filter((event) => (event as { usage?: unknown }).usage)
    expect(counted).toMatchObject([{ usage: { ...usage, total_tokens: 7 } }])
  }
  expect(log.map(({ repaired, promptTokens }) => [repaired, promptTokens])).toEqual([
    [undefined, 3],
    [undefined, 3],
  ])
})

it('makes two calls of two that have no index and no id', async () => {
  const { ask } = handlerOf([{ chat: () => [{ tool_calls: [call] }, { tool_calls: [call] }] }])
  const answer = (await (await ask(chatPath)).json()) as {
    choices: { message: { tool_calls: unknown[] } }[]
  }
  expect(answer.choices[0]?.message.tool_calls).toMatchObject([call, call])
})

it.each([
  ['usage at the end', ['Hello', { usage }]],
  ['usage in a chunk with text', [{ choices: [{ text: 'Hello' }], usage }]],
])('is no repair in a text completion: %s', async (_, yields) => {
  const { ask, log } = handlerOf([{ chat: () => [], complete: () => yields }])
  const answer = await (await ask('/v1/completions', { prompt: 'Hi' })).json()
  expect(answer).toMatchObject({ choices: [{ text: 'Hello' }], usage })
  expect(log[0]?.repaired).toBeUndefined()
})

class Counter {
  label = 'own'
  models = ['m']
  /** A field of its own, which is no field of a definition. */
  extra = 1
  #value = 2
  async *chat() {
    yield String(this.#value)
  }
  async *complete() {
    yield String(this.#value)
  }
  embed() {
    return [[this.#value, this.extra]]
  }
  countTokens() {
    return this.#value
  }
}

it.each([
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }, '"content":"2"'],
  ['/v1/completions', { prompt: 'Hi' }, '"text":"2"'],
  ['/v1/embeddings', { input: 'Hi' }, '"embedding":[2,1]'],
  ['/v1/messages/count_tokens', { messages: [{ role: 'user', content: 'Hi' }] }, '2'],
])('calls the methods of an instance as methods: %s', async (path, body, expected) => {
  const { fetch } = createHandler({ insecure: true, engines: [defineEngine(new Counter())] })
  const response = await fetch(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', ...body }),
    }),
  )
  expect(await response.text()).toContain(expected)
  expect(response.status).toBe(200)
})
