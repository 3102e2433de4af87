import { describe, expect, it } from 'vitest'
import { postChat, readStream } from '../support/read.ts'
import { type HostName, useServer } from '../support/server.ts'

// Quotes, a line break, letters of two, three and four bytes: all that a frame could break on.
const text = 'One "two" naïve — 水は\n流れる 🌊 and\\or end.'
const words = text.match(/\s*\S+/g) ?? []

interface Completion {
  id: string
  object: string
  created: number
  model: string
  choices: { index: number; message: Record<string, unknown>; finish_reason: string }[]
  usage: Record<string, number>
}

/** The engine that sends a fixed text, and through it the form of every answer. */
export function staticEngine(host: HostName): void {
  describe('at its pace', () => pace(host))
  describe('at once', () => {
    const server = useServer(host, ['--static-delay', '0', '--static-text', text])
    const ask = (body: object) => postChat(server.base, { model: 'static', ...body })
    const stream = async (body: object) => {
      const options = body as { stream_options?: { include_usage?: boolean } }
      const usage = options.stream_options?.include_usage === true
      const read = await readStream(await ask(body), { usage })
      expect(read.problems).toEqual([])
      return read
    }
    const whole = async (body: object) => {
      const response = await ask({ stream: false, ...body })
      expect(response.status).toBe(200)
      return (await response.json()) as Completion
    }
    frames(stream)
    limits(stream)
    completions(ask, whole)
    refusals(ask)
  })
}

type Stream = (body: object) => ReturnType<typeof readStream>
type Ask = (body: object) => Promise<Response>

function pace(host: HostName): void {
  const server = useServer(host, ['--static-delay', '100ms'])

  it('sends words as they come, about 100 ms apart', async () => {
    const response = await postChat(server.base, { model: 'static' })
    const headersAt = performance.now()
    const read = await readStream(response)
    expect(read.problems).toEqual([])
    const arrivals = read.events.filter(({ data }) => /"content":"[^"]/.test(data))
    const gaps = arrivals.slice(1).map(({ at }, index) => at - (arrivals[index]?.at ?? 0))
    const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]
    expect(arrivals).toHaveLength(13)
    expect(median).toBeGreaterThan(60)
    expect(median).toBeLessThan(200)
    const [first, last] = [arrivals.at(0)?.at ?? 0, arrivals.at(-1)?.at ?? 0]
    expect(last - first).toBeGreaterThan(900)
    expect(last - headersAt).toBeGreaterThan(900)
  })

  it('streams to many at the same time', async () => {
    const start = performance.now()
    const reads = await Promise.all(
      Array.from({ length: 20 }, async () =>
        readStream(await postChat(server.base, { model: 'static', max_tokens: 6 })),
      ),
    )
    expect(reads.flatMap((read) => read.problems)).toEqual([])
    expect(reads.map((read) => read.outcome)).toEqual(Array(20).fill('finished'))
    expect(new Set(reads.map((read) => read.chunks[0]?.id)).size).toBe(20)
    expect(performance.now() - start).toBeLessThan(2_500)
  })
}

function frames(stream: Stream): void {
  it('writes exactly the frames of a chat stream', async () => {
    const { raw, chunks } = await stream({})
    const { id, created } = chunks[0] ?? {}
    expect(id).toMatch(/^chatcmpl-[\w-]{8,}$/)
    expect(Math.abs((created ?? 0) - Date.now() / 1000)).toBeLessThan(60)
    const chunk = (delta: object, finish_reason: string | null = null) => {
      const choices = [{ index: 0, delta, finish_reason }]
      return { id, object: 'chat.completion.chunk', created, model: 'static', choices }
    }
    const expected = [
      chunk({ role: 'assistant', content: '' }),
      ...words.map((content) => chunk({ content })),
      chunk({}, 'stop'),
    ]
    const parts = raw.split('\n\n')
    expect(parts.slice(-2)).toEqual(['data: [DONE]', ''])
    const sent = parts.slice(0, -2).map((part) => {
      expect(part).toMatch(/^data: \{.*\}$/)
      return JSON.parse(part.slice(6))
    })
    expect(sent).toStrictEqual(expected)
  })

  it('sends the whole text, every character intact', async () => {
    const read = await stream({})
    expect(read.outcome).toBe('finished')
    expect(read.text).toBe(text)
    expect(read.finish).toEqual({ 0: 'stop' })
  })

  it('says [DONE] once, and nothing after', async () => {
    const { raw } = await stream({ stream_options: { include_usage: true } })
    expect(raw.split('data: [DONE]')).toHaveLength(2)
    expect(raw.endsWith('}\n\ndata: [DONE]\n\n')).toBe(true)
  })

  it('sends usage only when it is asked for, last and without choices', async () => {
    for (const stream_options of [undefined, null, {}, { include_usage: false }]) {
      const { raw } = await stream({ stream_options })
      expect(raw).not.toContain('"usage":{')
    }
    const read = await stream({
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'one two three' }] },
      ],
    })
    const completion_tokens = words.length
    expect(read.chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 5, completion_tokens, total_tokens: 5 + completion_tokens },
    })
    expect(read.chunks.filter((chunk) => chunk.usage)).toHaveLength(1)
  })

  it('has the headers that keep a proxy from holding it back', async () => {
    const { headers, status } = await stream({})
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('content-length')).toBeNull()
  })

  it('answers where it is named, and where no model is and nothing else exists', async () => {
    for (const model of ['static', '', null, undefined]) {
      const read = await stream({ model })
      expect(read.text).toBe(text)
      expect(new Set(read.chunks.map((chunk) => chunk.model))).toEqual(new Set(['static']))
    }
  })
}

function limits(stream: Stream): void {
  it('streams n choices, each with its role, its text and its end', async () => {
    const read = await stream({ n: 2, stream_options: { include_usage: true } })
    const texts = ['', '']
    for (const { index, delta } of read.chunks.flatMap((chunk) => chunk.choices ?? [])) {
      texts[index] += delta.content ?? ''
    }
    expect(texts).toEqual([text, text])
    expect(read.finish).toEqual({ 0: 'stop', 1: 'stop' })
    expect(read.usage?.completion_tokens).toBe(words.length * 2)
  })

  it.each([
    { body: { max_tokens: 3 }, count: 3, finish: 'length' },
    { body: { max_completion_tokens: 3 }, count: 3, finish: 'length' },
    { body: { max_completion_tokens: 2, max_tokens: 5 }, count: 2, finish: 'length' },
    { body: { max_tokens: 0 }, count: 0, finish: 'length' },
    { body: { max_tokens: words.length }, count: words.length, finish: 'stop' },
    { body: { max_tokens: 100_000 }, count: words.length, finish: 'stop' },
    { body: { max_tokens: -1 }, count: words.length, finish: 'stop' },
    { body: { max_tokens: null }, count: words.length, finish: 'stop' },
  ])('obeys $body', async ({ body, count, finish }) => {
    const read = await stream({ ...body, stream_options: { include_usage: true } })
    expect(read.text).toBe(words.slice(0, count).join(''))
    expect(read.finish).toEqual({ 0: finish })
    expect(read.usage?.completion_tokens).toBe(count)
  })

  it.each([
    { stop: 'naïve', text: 'One "two" ' },
    { stop: ['nowhere', '水', '流'], text: 'One "two" naïve — ' },
    { stop: ['流', '水'], text: 'One "two" naïve — ' },
    { stop: 'One', text: '' },
    { stop: ['', 'nowhere'], text },
    { stop: [], text },
    { stop: null, text },
  ])('ends before the stop $stop', async ({ stop, text: expected }) => {
    const read = await stream({ stop })
    expect(read.text).toBe(expected)
    expect(read.finish).toEqual({ 0: 'stop' })
  })
}

function completions(ask: Ask, whole: (body: object) => Promise<Completion>): void {
  it('answers whole where no stream is asked for', async () => {
    const completion = await whole({})
    expect(completion).toMatchObject({ object: 'chat.completion', model: 'static' })
    expect(completion.id).toMatch(/^chatcmpl-/)
    expect(Math.abs(completion.created - Date.now() / 1000)).toBeLessThan(60)
    expect(completion.choices).toHaveLength(1)
    expect(completion.choices[0]).toMatchObject({
      index: 0,
      message: { role: 'assistant', content: text },
      finish_reason: 'stop',
    })
    expect(completion.usage).toEqual({
      prompt_tokens: 1,
      completion_tokens: words.length,
      total_tokens: words.length + 1,
    })
  })

  it('answers as JSON of a known length', async () => {
    const response = await ask({ stream: false })
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
    await response.body?.cancel()
  })

  it('takes no stream field, and null, for "whole"', async () => {
    for (const stream of [undefined, null, false]) {
      expect((await whole({ stream })).object).toBe('chat.completion')
    }
  })

  it('folds n choices, and keeps the limits', async () => {
    const completion = await whole({ n: 3, max_tokens: 2 })
    expect(completion.choices.map((choice) => choice.index)).toEqual([0, 1, 2])
    for (const { message, finish_reason } of completion.choices) {
      expect(message.content).toBe('One "two"')
      expect(finish_reason).toBe('length')
    }
    expect(completion.usage.completion_tokens).toBe(6)
  })
}

function refusals(ask: Ask): void {
  it('stands in for no other model', async () => {
    const response = await ask({ model: 'gpt-4o' })
    expect(response.status).toBe(404)
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.code).toBe('model_not_found')
    expect(error.message).toContain('"gpt-4o"; no model server was found')
  })

  it.each([
    { param: 'response_format', body: { response_format: { type: 'json_object' } } },
    { param: 'logprobs', body: { logprobs: true } },
    { param: 'tool_choice', body: { tool_choice: 'required' } },
  ])('refuses what a fixed text cannot honour: $param', async ({ param, body }) => {
    const response = await ask(body)
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { param: string; message: string } }
    expect(error.param).toBe(param)
    expect(error.message).toContain('fixed text')
  })
}
