import { describe, expect, it } from 'vitest'
import { createStatic } from '../../../../src/engines/static/static.ts'
import type { ChatChunk, ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

const TEXT = 'One two three four.'
const never = new AbortController().signal

async function open(request: Partial<ChatRequest> = {}, staticText = TEXT, staticDelay = 0) {
  const full = { messages: [{ role: 'user', content: 'Go on, say it.' }], stream: true, ...request }
  const answer = await createStatic({ staticText, staticDelay }).chat(full as ChatRequest, never)
  if (answer.kind !== 'chunks') throw new Error('expected chunks')
  return answer
}

async function chunksOf(request: Partial<ChatRequest> = {}, staticText = TEXT) {
  const { items } = await open(request, staticText)
  const chunks: ChatChunk[] = []
  for (let batch = await items.next(); !batch.done; batch = await items.next()) {
    chunks.push(...batch.value)
  }
  return chunks
}

async function said(request: Partial<ChatRequest> = {}, staticText = TEXT) {
  const chunks = await chunksOf(request, staticText)
  const choices = chunks.flatMap(({ choices }) => choices).filter(({ index }) => index === 0)
  return {
    text: choices.map(({ delta }) => delta.content ?? '').join(''),
    reason: choices.at(-1)?.finish_reason,
    usage: chunks.at(-1)?.usage,
  }
}

describe('what it says', () => {
  it('is the role, a word a chunk, and the finish', async () => {
    const chunks = await chunksOf()
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'One' },
      { content: ' two' },
      { content: ' three' },
      { content: ' four.' },
      {},
    ])
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      ...Array(5).fill(null),
      'stop',
    ])
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(
      1,
    )
    expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'static' })
    expect(chunks[0]?.created).toBeCloseTo(Date.now() / 1000, -1)
  })

  it.each(['  indented  text', 'line\n\nline', 'trailing \n', '你好 🌍 wörld', 'one'])(
    'adds up to the text, white space included: %j',
    async (text) => {
      expect((await said({}, text)).text).toBe(text)
    },
  )

  it('is said in every choice', async () => {
    const chunks = await chunksOf({ n: 3 })
    for (const index of [0, 1, 2]) {
      const own = chunks.flatMap(({ choices }) => choices).filter((each) => each.index === index)
      expect(own.map(({ delta }) => delta.content ?? '').join('')).toBe(TEXT)
      expect(own.filter(({ finish_reason }) => finish_reason === 'stop')).toHaveLength(1)
    }
  })

  it('lists itself as its own', async () => {
    const engine = createStatic({ staticText: TEXT, staticDelay: 0 })
    expect(await engine.models(never)).toEqual([
      { id: 'static', object: 'model', created: 0, owned_by: 'sluice', max_output_tokens: 4 },
    ])
  })
})

describe('limits', () => {
  it.each([
    [{ max_tokens: 2 }, 'One two', 'length'],
    [{ max_completion_tokens: 3 }, 'One two three', 'length'],
    [{ max_completion_tokens: 1, max_tokens: 3 }, 'One', 'length'],
    [{ max_completion_tokens: null, max_tokens: 3 }, 'One two three', 'length'],
    [{ max_tokens: 0 }, '', 'length'],
    [{ max_tokens: 4 }, TEXT, 'stop'],
    [{ max_tokens: 99 }, TEXT, 'stop'],
    [{ max_tokens: -1 }, TEXT, 'stop'],
    [{ max_tokens: null }, TEXT, 'stop'],
    [{ stop: ' three' }, 'One two', 'stop'],
    [{ stop: 'hre' }, 'One two t', 'stop'],
    [{ stop: ['four', ' two'] }, 'One', 'stop'],
    [{ stop: 'One' }, '', 'stop'],
    [{ stop: ['', 'nowhere'] }, TEXT, 'stop'],
    [{ stop: null }, TEXT, 'stop'],
    [{ stop: ' three', max_tokens: 1 }, 'One', 'length'],
    [{ stop: ' three', max_tokens: 2 }, 'One two', 'stop'],
  ] as [Partial<ChatRequest>, string, string][])('%j: %j, %s', async (request, text, reason) => {
    expect(await said(request)).toMatchObject({ text, reason })
  })
})

describe('usage', () => {
  const asked = { stream_options: { include_usage: true } }

  it('comes last and only when asked for', async () => {
    expect((await chunksOf()).filter(({ usage }) => usage)).toEqual([])
    const last = (await chunksOf(asked)).at(-1)
    expect(last).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 },
    })
  })

  it('counts what was sent, in every choice', async () => {
    expect((await said({ ...asked, max_tokens: 2 })).usage).toMatchObject({ completion_tokens: 2 })
    expect((await said({ ...asked, stop: 'One' })).usage).toMatchObject({ completion_tokens: 0 })
    expect((await said({ ...asked, n: 2 })).usage).toMatchObject({ completion_tokens: 8 })
  })

  it('is always part of a completion that comes whole', async () => {
    expect((await said({ stream: false })).usage).toMatchObject({ total_tokens: 8 })
  })

  it('counts the words of text parts too', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a b c' },
          { type: 'image_url', image_url: '' },
        ],
      },
      { role: 'assistant', content: null },
    ] as unknown as ChatRequest['messages']
    expect((await said({ ...asked, messages })).usage).toMatchObject({ prompt_tokens: 5 })
  })
})

describe('what a fixed text cannot do is refused', () => {
  it.each([
    ['response_format', { type: 'json_object' }],
    ['response_format', { type: 'json_schema', json_schema: {} }],
    ['logprobs', true],
    ['tool_choice', 'required'],
    ['tool_choice', { type: 'function', function: { name: 'look' } }],
    ['function_call', { name: 'look' }],
    ['modalities', ['text', 'audio']],
    ['audio', { format: 'wav', voice: 'x' }],
  ])('%s: %j', async (field, value) => {
    const refusal = open({ [field]: value }).catch((reason: unknown) => reason)
    expect(await refusal).toBeInstanceOf(ApiError)
    expect(await refusal).toMatchObject({ status: 400, param: field })
  })

  it.each([
    { response_format: { type: 'text' } },
    { response_format: null },
    { logprobs: false },
    { tool_choice: 'auto' },
    { tool_choice: 'none' },
    { tool_choice: null },
    { function_call: 'auto', audio: null },
    { modalities: ['text'] },
  ])('but not %j', async (request) => {
    expect((await said(request)).text).toBe(TEXT)
  })
})

describe('time', () => {
  it('passes between words, not before the first', async () => {
    const { items } = await open({}, TEXT, 60)
    const arrivals: number[] = []
    const begin = performance.now()
    for (let batch = await items.next(); !batch.done; batch = await items.next()) {
      if (batch.value[0]?.choices[0]?.delta.content) arrivals.push(performance.now() - begin)
    }
    expect(arrivals[0]).toBeLessThan(50)
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0))
    expect(gaps).toHaveLength(3)
    for (const gap of gaps) expect(gap).toBeGreaterThan(50)
  })

  it('ends at once when the signal aborts', async () => {
    const control = new AbortController()
    const engine = createStatic({ staticText: TEXT, staticDelay: 60_000 })
    const messages = [{ role: 'user' as const, content: 'x' }]
    const request: ChatRequest = { messages, stream: true }
    const answer = await engine.chat(request, control.signal)
    if (answer.kind !== 'chunks') throw new Error('expected chunks')
    await answer.items.next()
    await answer.items.next()
    const waiting = answer.items.next()
    const reason = new Error('the client left')
    control.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})

it('counts what is text, and no part of another kind', async () => {
  const content = [
    { type: 'text', text: 'two words' },
    { type: 'video', text: 5 },
    { type: 'image_url', image_url: '' },
  ] as unknown as string
  const { usage } = await said({
    messages: [{ role: 'user', content }],
    stream_options: { include_usage: true },
  })
  expect(usage?.prompt_tokens).toBe(2)
})
