import { expect, it } from 'vitest'
import { defineEngine } from '../../../../src/engines/custom/define-engine.ts'
import type { Engine } from '../../../../src/engines/engine.ts'
import { hashKey } from '../../../../src/guard/keys.ts'
import { errorOf, handlerOf } from '../../../support/custom.ts'

const chatPath = '/v1/chat/completions'
const turn = () => new Promise((resolve) => setTimeout(resolve, 20))

it('calls the generator’s return when the client leaves, and aborts the signal', async () => {
  let ended = 0
  let reason: unknown
  const { ask, log } = handlerOf([
    {
      async *chat(_, { signal }) {
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        try {
          for (;;) {
            yield 'word '
            await turn()
          }
        } finally {
          ended++
        }
      },
    },
  ])
  const response = await ask(chatPath, { stream: true })
  const reader = response.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await expect.poll(() => ended).toBe(1)
  expect(reason).toBeInstanceOf(Error)
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})

it('ends a request at once though the generator waits for something that never comes', async () => {
  const client = new AbortController()
  const { ask, log } = handlerOf([
    {
      async *chat() {
        await new Promise(() => {})
        yield 'never'
      },
    },
  ])
  const answer = ask(chatPath, {}, client.signal)
  await turn()
  client.abort()
  expect((await answer).status).toBe(499)
  expect(log).toMatchObject([{ outcome: 'cancelled' }])
})

it('rejects what is pulled when the signal aborts, whatever the generator waits for', async () => {
  const engine = defineEngine({
    label: 'own',
    models: ['m'],
    async *chat() {
      yield 'once'
      await new Promise(() => {})
    },
  }) as unknown as Engine
  const control = new AbortController()
  const messages = [{ role: 'user' as const, content: 'Hi' }]
  const stream = await engine.chat({ messages, stream: true }, control.signal)
  if (stream.kind !== 'chunks') throw new Error('no chunks')
  await stream.items.next()
  const pulled = stream.items.next()
  control.abort(new Error('gone'))
  await expect(pulled).rejects.toThrow('gone')
})

it('stops an iterable that was promised, and came when the client had left', async () => {
  const client = new AbortController()
  const promised = Promise.withResolvers<AsyncIterable<string>>()
  let returned = 0
  const { ask } = handlerOf([{ chat: () => promised.promise }])
  const answer = ask(chatPath, {}, client.signal)
  await turn()
  client.abort()
  await answer
  promised.resolve({
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: 'late' }),
      async return() {
        returned++
        return { done: true, value: undefined }
      },
    }),
  })
  await expect.poll(() => returned).toBe(1)
})

it('is pulled no faster than its client reads', async () => {
  let pulled = 0
  const { ask } = handlerOf([
    {
      async *chat() {
        for (; pulled < 10_000; pulled++) yield 'a word of some length '
      },
    },
  ])
  const response = await ask(chatPath, { stream: true })
  await turn()
  await turn()
  // What a stream buffers by default is one chunk on each of its two sides.
  expect(pulled).toBeLessThan(20)
  const reader = response.body?.getReader()
  for (let reads = 0; reads < 50; reads++) await reader?.read()
  expect(pulled).toBeGreaterThan(40)
  await reader?.cancel()
})

it('has as many requests at once as it says, and the others wait in line', async () => {
  let running = 0
  let most = 0
  const { ask } = handlerOf([
    {
      maxConcurrency: 2,
      async *chat() {
        most = Math.max(most, ++running)
        await turn()
        running--
        yield 'done'
      },
    },
  ])
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(chatPath)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  expect(most).toBe(2)
})

it('answers those keys alone that may use its model', async () => {
  const keys = [
    { name: 'ann', hash: await hashKey('sk-ann') },
    { name: 'bob', hash: await hashKey('sk-bob'), models: ['other'] },
  ]
  const { handler, log } = handlerOf(
    [
      {
        chat: async function* () {
          yield 'Hi'
        },
      },
    ],
    { insecure: false, keys },
  )
  const ask = (key: string) =>
    handler.fetch(
      new Request(`http://localhost${chatPath}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] }),
      }),
    )
  expect((await ask('sk-ann')).status).toBe(200)
  expect((await ask('sk-bob')).status).toBe(403)
  expect((await ask('sk-eve')).status).toBe(401)
  expect(log.map(({ key }) => key)).toEqual(['ann', 'bob', undefined])
})

it('tells how far its model has been loaded', async () => {
  const { ask } = handlerOf(
    [
      {
        async *chat({ model }, { onProgress }) {
          onProgress({ model: String(model), done: 0.25, text: 'reading' })
          await new Promise((resolve) => setTimeout(resolve, 700))
          yield 'Hi'
        },
      },
    ],
    { headerWait: 10, heartbeat: 50 },
  )
  expect(await (await ask(chatPath, { stream: true })).text()).toContain('loading m 25 %')
})

it('gives embeddings, as numbers and in base64', async () => {
  const { ask, log } = handlerOf([
    {
      chat: () => [],
      embed: async ({ input }) => ({
        embeddings: [input].flat().map((_, index) => new Float32Array([index, 0.5])),
        usage: { prompt_tokens: 7 },
      }),
    },
  ])
  const answer = await (await ask('/v1/embeddings', { input: ['a', 'b'] })).json()
  expect(answer).toMatchObject({
    object: 'list',
    model: 'm',
    data: [
      { index: 0, embedding: [0, 0.5] },
      { index: 1, embedding: [1, 0.5] },
    ],
    usage: { prompt_tokens: 7, total_tokens: 7 },
  })
  const encoded = await ask('/v1/embeddings', { input: 'a', encoding_format: 'base64' })
  expect(await encoded.json()).toMatchObject({ data: [{ embedding: 'AAAAAAAAAD8=' }] })
  expect(log).toMatchObject([{ promptTokens: 7 }, { promptTokens: 7 }])
  const wrong = handlerOf([{ chat: () => [], embed: () => [[1]] }])
  const refusal = await wrong.ask('/v1/embeddings', { input: ['a', 'b'] })
  expect((await errorOf(refusal)).message).toContain(
    'own-1 sent the wrong number of embeddings: expected 2, got 1',
  )
})

it('completes texts, and counts tokens', async () => {
  const { ask } = handlerOf([
    {
      chat: () => [],
      async *complete({ prompt }) {
        yield `${String(prompt)} upon`
        yield { text: ' a time' }
        return { usage: { prompt_tokens: 1, completion_tokens: 3 } }
      },
      countTokens: ({ messages }) => messages.length * 10,
    },
  ])
  expect(await (await ask('/v1/completions', { prompt: 'Once' })).json()).toMatchObject({
    object: 'text_completion',
    choices: [{ index: 0, text: 'Once upon a time', finish_reason: 'stop' }],
    usage: { total_tokens: 4 },
  })
  const stream = await (await ask('/v1/completions', { prompt: 'Once', stream: true })).text()
  expect(stream.split('\n\n').filter((frame) => frame.startsWith('data: '))).toHaveLength(4)
  expect(stream).toMatch(/data: \[DONE\]\n\n$/)
  const several = await ask('/v1/completions', { prompt: ['a', 'b'] })
  expect(several.status).toBe(400)
  const messages = [{ role: 'user', content: 'Hi' }]
  const counted = await ask('/v1/messages/count_tokens', { messages })
  expect(await counted.json()).toEqual({ input_tokens: 10 })
})
