import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Progress } from '../../../../src/engines/engine.ts'
import type { ChatChunk, ChatRequest } from '../../../../src/wire/chat/request.ts'
import { readAll, textOf } from '../../../support/chunks.ts'
import { caller, embedder, mlcError, other, record } from '../../../support/mlc.ts'
import { create, hello, never } from '../../../support/webllm.ts'

afterEach(() => vi.useRealTimers())

function last(chunks: ChatChunk[]) {
  return chunks.findLast(({ choices }) => choices.length > 0)?.choices[0]
}

describe('an answer', () => {
  it("is the model's tokens, a finish, and usage where it was asked for", async () => {
    const { say } = create()
    const chunks = await say({ stream_options: { include_usage: true } })
    expect(textOf(chunks)).toBe('Water finds its way.')
    expect(last(chunks)?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 5 } })
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks[0]).toMatchObject({ model: record.model_id, object: 'chat.completion.chunk' })
    expect(chunks[0]?.id).toMatch(/^chatcmpl-/)
    expect((await say()).some(({ usage }) => usage)).toBe(false)
  })

  it('ends by its limit, by either name', async () => {
    const { say } = create({ isEndless: true })
    for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
      const chunks = await say(limit)
      expect(textOf(chunks)).toBe('Water finds its')
      expect(last(chunks)?.finish_reason).toBe('length')
    }
  })

  it('fails where somebody else stopped the model', async () => {
    const { ask, mlc } = create({ isEndless: true, tokenDelay: 1 })
    const { items } = await ask()
    await items.next()
    await (mlc as unknown as { interruptGenerate(): Promise<void> }).interruptGenerate()
    await expect(readAll({ items })).rejects.toMatchObject({ code: 'engine_aborted' })
  })

  it('gives the calls of tools once, each with an id, and not as text too', async () => {
    const call = (args: string) =>
      `<tool_call>\n{"name": "add", "arguments": ${args}}\n</tool_call>`
    const text = `\n${call('{"a": "}\\"{"}')}\n${call('{}')}`
    const { say } = create({ tokens: [...text] })
    const tools = [{ type: 'function', function: { name: 'add' } }]
    const chunks = await say({ model: caller.model_id, tools })
    expect(textOf(chunks)).toBe('')
    expect(last(chunks)?.finish_reason).toBe('tool_calls')
    const calls = chunks.flatMap(({ choices }) =>
      choices.flatMap((each) => each.delta.tool_calls ?? []),
    )
    expect(calls).toMatchObject([
      { index: 0, type: 'function', function: { name: 'add', arguments: '{"a": "}\\"{"}' } },
      { index: 1, type: 'function', function: { name: 'add', arguments: '{}' } },
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
  })

  it('gives what was written where the limit cut the calls of tools short', async () => {
    const { say } = create({ tokens: ['<tool_call>\n{"name"', ': "ad'] })
    const tools = [{ type: 'function', function: { name: 'add' } }]
    const chunks = await say({ model: caller.model_id, tools, max_tokens: 2 })
    expect(textOf(chunks)).toBe('<tool_call>\n{"name": "ad')
    expect(last(chunks)?.finish_reason).toBe('length')
  })

  it('gives text where a model that was offered tools calls none', async () => {
    const { say } = create()
    const tools = [{ type: 'function', function: { name: 'add' } }]
    const chunks = await say({ model: caller.model_id, tools })
    expect(textOf(chunks)).toBe('Water finds its way.')
    expect(last(chunks)?.finish_reason).toBe('stop')
  })

  it('refuses tools before it loads a model that was not trained on any form of them', async () => {
    const { ask, seen } = create()
    const tools = [{ type: 'function' as const, function: { name: 'f' } }]
    await expect(ask({ tools })).rejects.toMatchObject({
      status: 400,
      code: 'model_not_capable',
      param: 'tools',
    })
    expect(seen.loads).toEqual([])
  })
})

describe('what is refused before an answer begins', () => {
  it('is a context that is too long', async () => {
    const { ask } = create({ context: 100 })
    const messages = [{ role: 'user' as const, content: 'x'.repeat(200) }]
    await expect(ask({ messages })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      param: 'messages',
    })
  })

  it.each([
    [{ top_p: 0 }, 'top_p'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ logit_bias: { a: 1 } }, 'logit_bias'],
  ])('is what web-llm itself does not take: %j', async (fields, param) => {
    const { ask, seen } = create()
    await expect(ask(fields as Partial<ChatRequest>)).rejects.toMatchObject({ status: 400, param })
    expect(seen.loads.length).toBe(1)
  })

  it('is a model there is not, with those that may have been meant', async () => {
    const { ask } = create()
    await expect(ask({ model: 'stand-in-1B' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining(record.model_id),
    })
    await expect(ask({ model: null })).rejects.toMatchObject({ status: 404, param: 'model' })
  })

  it('is a model that gives embeddings and no text, before it is loaded', async () => {
    const { ask, seen } = create()
    await expect(ask({ model: embedder.model_id })).rejects.toMatchObject({
      status: 400,
      code: 'model_not_capable',
    })
    expect(seen.loads).toEqual([])
  })

  it('leaves the engine ready for the next', async () => {
    const { ask, say } = create()
    await expect(ask({ top_p: 0 })).rejects.toMatchObject({ status: 400 })
    expect(textOf(await say())).toBe('Water finds its way.')
  })
})

describe('models', () => {
  it('are listed with what a person needs to choose, the loaded one first', async () => {
    const { engine, say } = create()
    expect((await engine.models())[0]).toMatchObject({
      id: record.model_id,
      loaded: false,
      memory_mb: 901,
      context_length: 4096,
      kind: 'chat',
    })
    await say({ model: other.model_id })
    expect(engine.loaded).toBe(other.model_id)
    expect((await engine.models())[0]).toMatchObject({ id: other.model_id, loaded: true })
  })

  it('are loaded once, and swapped on demand', async () => {
    const { say, seen } = create()
    await say()
    await say()
    await say({ model: other.model_id })
    await say()
    expect(seen.loads).toEqual([record.model_id, other.model_id, record.model_id])
  })

  it('tell how far they have been loaded', async () => {
    const steps: Progress[] = []
    const { engine, ask } = create({}, { onProgress: (step) => steps.push(step) })
    const own: Progress[] = []
    await engine.load(record.model_id, never, (step) => own.push(step))
    expect(own.length).toBe(10)
    expect(own.at(-1)).toMatchObject({ model: record.model_id, done: 1 })
    await ask({ model: other.model_id })
    expect(own.length).toBe(10)
    expect(steps.length).toBe(20)
  })

  it('tell those who wait in line as well', async () => {
    const { engine } = create({ loadDelay: 20 })
    const notes: (number | undefined)[] = []
    const request = { model: record.model_id, messages: hello, stream: true }
    const loading = engine.load(record.model_id, never)
    const answer = await engine.chat(request, never, { onProgress: ({ done }) => notes.push(done) })
    await loading
    expect(notes.length).toBe(10)
    if (answer.kind === 'chunks') await answer.items.return?.()
  })

  it('leave the GPU after an idle time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { engine, say } = create({}, { unloadAfter: 60_000 })
    await say()
    await vi.advanceTimersByTimeAsync(50_000)
    await say()
    await vi.advanceTimersByTimeAsync(50_000)
    expect(engine.loaded).toBe(record.model_id)
    await vi.advanceTimersByTimeAsync(11_000)
    expect(engine.loaded).toBeUndefined()
  })

  it('that cannot be loaded are an error that says why, and can be tried again', async () => {
    const { ask, say, script } = create()
    script.failLoad = new TypeError('Failed to fetch')
    await expect(ask()).rejects.toMatchObject({
      status: 503,
      code: 'model_load_failed',
      message: expect.stringContaining('Failed to fetch'),
    })
    script.failLoad = mlcError('ShaderF16SupportError', 'This model requires shader-f16')
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'webgpu_feature_missing' })
    expect(textOf(await say())).toBe('Water finds its way.')
  })
})

describe('a lost GPU', () => {
  const lost = () => new Error('Object has already been disposed')

  it('loads the model anew, once, where no token was given yet', async () => {
    const { say, script, seen } = create()
    await say()
    script.failPrefill = lost()
    expect(textOf(await say())).toBe('Water finds its way.')
    expect(seen.loads.length).toBe(2)
  })

  it('fails the stream that had begun, and the next request loads anew', async () => {
    const { ask, say, script, seen } = create()
    script.failToken = { at: 2, error: lost() }
    await expect(readAll(await ask())).rejects.toMatchObject({ status: 503, code: 'engine_failed' })
    expect(textOf(await say())).toBe('Water finds its way.')
    expect(seen.loads.length).toBe(2)
  })

  it('is reported where loading anew does not help', async () => {
    const { ask, mlc, seen } = create()
    mlc.chatCompletion = () => Promise.reject(lost())
    await expect(ask()).rejects.toMatchObject({ status: 503, code: 'engine_failed' })
    expect(seen.loads.length).toBe(2)
  })
})
