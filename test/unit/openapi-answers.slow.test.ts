import { describe, expect, it } from 'vitest'
import { ask, operations, post, wrongAs, wrongEvent } from './openapi-asking.ts'

describe('what it says of answers is what comes', () => {
  const messages = [{ role: 'user', content: 'Go.' }]
  const toolCalls = [{ name: 'look', arguments: ['{"at":', '1}'] }]
  const script = { persona: 'vllm', words: ['a', 'b'], reasoning: ['Hm.'], toolCalls }

  it.each(['static', 'Qwen/Qwen3-8B'])('a whole answer of %s', async (model) => {
    const response = await post('/v1/chat/completions', { model, messages, script })
    expect(await wrongAs('ChatCompletion', await response.json())).toBeUndefined()
  })

  it.each(['static', 'Qwen/Qwen3-8B'])('each chunk of a stream of %s', async (model) => {
    const asked = { model, messages, script, stream: true, stream_options: { include_usage: true } }
    const text = await (await post('/v1/chat/completions', asked)).text()
    const events = text.split('\n\n').filter((event) => event !== '')
    expect(events.pop()).toBe('data: [DONE]')
    expect(events.length).toBeGreaterThan(5)
    for (const event of events) {
      const chunk: unknown = JSON.parse(event.slice('data: '.length))
      expect(await wrongAs('ChatCompletionChunk', chunk), event).toBeUndefined()
    }
  })

  it.each([
    ['/v1/completions', 'TextCompletion', { prompt: 'Go.', script: { persona: 'vllm' } }],
    ['/v1/messages', 'Message', { max_tokens: 99, messages, script }],
    ['/v1/responses', 'Response', { input: 'Go.', script }],
  ])('a whole answer of %s', async (path, component, asked) => {
    for (const model of ['static', 'Qwen/Qwen3-8B']) {
      const response = await post(path, { model, ...asked })
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
    expect(await wrongAs(component, { id: 1 })).toBeDefined()
  })

  it.each([
    ['/v1/completions', { prompt: 'Go.', script: { persona: 'vllm' } }],
    ['/v1/messages', { max_tokens: 99, messages, script }],
    ['/v1/responses', { input: 'Go.', script }],
    ['/v1/responses', { input: 'Go.', reasoning: { summary: 'auto' }, script }],
  ])('each event of a stream of %s', async (path, asked) => {
    for (const model of ['static', 'Qwen/Qwen3-8B']) {
      const text = await (await post(path, { model, ...asked, stream: true })).text()
      const events = text.split('\n\n').filter((event) => event !== '')
      expect(events.length).toBeGreaterThan(5)
      for (const event of events) expect(await wrongEvent(path, event), event).toBeUndefined()
    }
  })

  it.each([
    ['/v1/chat/completions', { messages }],
    ['/v1/messages', { max_tokens: 99, messages }],
    ['/v1/responses', { input: 'Go.' }],
  ])('each event of a stream of %s that fails', async (path, asked) => {
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }]
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
    const model = 'Qwen/Qwen3-8B'
    const script = { steps: [{ chunk }, { wait: 20 }, { cut: true }] }
    const text = await (await post(path, { model, ...asked, script, stream: true })).text()
    expect(text).toContain('upstream_truncated')
    for (const event of text.split('\n\n').filter((event) => event !== '')) {
      expect(await wrongEvent(path, event), event).toBeUndefined()
    }
  })

  it('what is stored of a response', async () => {
    const response = await post('/v1/responses', { input: 'Go.', model: 'static' })
    const { id } = (await response.json()) as { id: string }
    const at = `/v1/responses/${id}`
    const found: [string, Response][] = [
      ['Response', await ask(at)],
      ['ResponseItems', await ask(`${at}/input_items?order=asc&limit=1`)],
      ['Error', await ask(`${at}/input_items?limit=0`)],
      ['Error', await ask(`${at}/cancel`, { method: 'POST' })],
      ['ResponseDeleted', await ask(at, { method: 'DELETE' })],
      ['Error', await ask(at)],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
  })

  it('what clients of Anthropic’s API get', async () => {
    const headers = { 'anthropic-version': '2023-06-01' }
    const count = { messages, model: 'Qwen/Qwen3-8B' }
    const found: [string, Response][] = [
      ['ModelPage', await ask('/v1/models', { headers })],
      ['ModelInfo', await ask('/v1/models/static', { headers })],
      ['MessagesError', await ask('/v1/models/nobody', { headers })],
      ['MessagesError', await post('/v1/messages', {})],
      ['MessageTokens', await post('/v1/messages/count_tokens', count)],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
  })

  it('vectors, models, health and refusals', async () => {
    const asked = { input: 'x', model: 'Qwen/Qwen3-8B' }
    const found: [string, Response][] = [
      ['EmbeddingList', await post('/v1/embeddings', asked)],
      ['ModelList', await ask('/v1/models')],
      ['Model', await ask('/v1/models/static')],
      ['Health', await ask('/health')],
      ['Health', await ask('/health/ready')],
      ['Error', await ask('/v1/models/nobody')],
      ['Error', await post('/v1/chat/completions', {})],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
    expect(await wrongAs('Model', { id: 1 })).toBeDefined()
  })

  it('every status that it has a refusal for, described once', () => {
    const statuses = operations.flatMap(({ responses }) => Object.keys(responses))
    expect(statuses).toContain('508')
    for (const { responses, path } of operations) {
      const isOllamas = path.startsWith('/api/') && 'OllamaError'
      const shape = isOllamas || (path.startsWith('/v1/messages') ? 'MessagesError' : 'Error')
      for (const [status, { $ref }] of Object.entries(responses)) {
        if ($ref !== undefined) expect($ref).toBe(`#/components/responses/${shape}${status}`)
      }
    }
  })
})
