import { expect, it } from 'vitest'
import { jpeg, model, png, postOllama, wav } from '../support/ollama.ts'
import { type Relay, sentFor, tag } from '../support/relay.ts'

const schema = { type: 'object', properties: { n: { type: 'integer' } } }
const url = (type: string, data: string) => ({
  type: 'image_url',
  image_url: { url: `data:${type};base64,${data}` },
})

/** What an engine is asked. */
export function ollamaRequests(relay: Relay): void {
  const sent = async (body: object, path = 'chat') => {
    const { options = {} } = body as { options?: object }
    const tagged = tag(options)
    const response = await postOllama(relay, { stream: false, ...body, options: tagged }, path)
    expect(response.status, await response.text()).toBe(200)
    const [request] = sentFor(relay, tagged)
    const { tag: _tag, ...chat } = { ...(request?.body as Record<string, unknown> | undefined) }
    return chat
  }

  it('has the fields that others have for the options', async () => {
    const options = {
      num_predict: 7,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 20,
      min_p: 0.1,
      seed: 3,
      stop: ['END'],
      repeat_penalty: 1.1,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
      mirostat: null,
      num_ctx: 32_768,
      num_gpu: 99,
      use_mmap: true,
    }
    const { messages, model, ...rest } = await sent({ options, keep_alive: '5m' })
    expect(messages).toEqual([{ role: 'user', content: 'Go.' }])
    expect(rest).toEqual({
      max_tokens: 7,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 20,
      min_p: 0.1,
      seed: 3,
      stop: ['END'],
      repeat_penalty: 1.1,
      repetition_penalty: 1.1,
      presence_penalty: 0.2,
      frequency_penalty: 0.3,
    })
  })

  it('has a seed with all its digits', async () => {
    const body = '{"stream":false,"options":{"seed":18446744073709551615}}'
    const asked = `${body.slice(0, -1)},"model":"${model}","prompt":"A seed of 64 bits."}`
    const headers = { 'content-type': 'application/json' }
    const url = `${relay.server.url}/api/generate`
    const response = await fetch(url, { method: 'POST', headers, body: asked })
    expect(response.status, await response.text()).toBe(200)
    const isIt = ({ body: sent }: { body: unknown }) =>
      JSON.stringify(sent ?? '').includes('64 bits')
    expect((await relay.upstream.next(isIt)).body).toMatchObject({ seed: 2 ** 64 })
  })

  it('has no limit and no seed where a number says so', async () => {
    const chat = await sent({ options: { num_predict: -1, seed: -1, stop: [] } })
    expect(chat).not.toHaveProperty('max_tokens')
    expect(chat).not.toHaveProperty('seed')
    expect(chat).not.toHaveProperty('stop')
  })

  it.each([
    [{ think: true }, { chat_template_kwargs: { enable_thinking: true } }],
    [
      { think: false },
      { chat_template_kwargs: { enable_thinking: false }, reasoning_effort: 'none' },
    ],
    [
      { think: 'high' },
      { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: 'high' },
    ],
    [{ format: 'json' }, { response_format: { type: 'json_object' } }],
    [
      { format: schema },
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'answer', schema, strict: true },
        },
      },
    ],
    [
      { logprobs: true, top_logprobs: 3 },
      { logprobs: true, top_logprobs: 3 },
    ],
  ])('translates %j', async (body, expected) => {
    expect(await sent(body)).toMatchObject(expected)
    expect(await sent(body, 'generate')).toMatchObject(expected)
  })

  it('has the images with their types', async () => {
    const messages = [{ role: 'user', content: 'See.', images: [png, jpeg, wav] }]
    const parts = [
      { type: 'text', text: 'See.' },
      url('image/png', png),
      url('image/jpeg', jpeg),
      { type: 'input_audio', input_audio: { data: wav, format: 'wav' } },
    ]
    expect((await sent({ messages })).messages).toEqual([{ role: 'user', content: parts }])
    const prompt = { prompt: 'See.', system: 'Be brief.', images: [png, jpeg, wav] }
    expect((await sent(prompt, 'generate')).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: parts },
    ])
  })

  it('has ids for calls and their results, which clients leave out', async () => {
    const call = (name: string, args: unknown) => ({ function: { name, arguments: args } })
    const called = (id: string, name: string, args: string) => {
      return { id, type: 'function', function: { name, arguments: args } }
    }
    const tool = { function: { name: 'f', parameters: schema } }
    const messages = [
      { role: 'user', content: 'Go.' },
      {
        role: 'Assistant',
        thinking: 'Hm.',
        tool_calls: [call('f', { a: 1 }), call('g', '{"b":2}'), call('f', null)],
      },
      { role: 'tool', content: 'of g', tool_name: 'g' },
      { role: 'tool', content: 'of f' },
      { role: 'tool', content: 'of f again', images: [png] },
      { role: 'assistant', content: 'So.', tool_calls: [{ id: 'x1', ...call('h', {}) }] },
      { role: 'tool', content: 'of h', tool_call_id: 'x1' },
    ]
    const chat = await sent({ messages, tools: [tool] })
    expect(chat.tools).toEqual([{ type: 'function', ...tool }])
    const calls = [
      called('call00000', 'f', '{"a":1}'),
      called('call00001', 'g', '{"b":2}'),
      called('call00002', 'f', '{}'),
    ]
    const thought = { reasoning_content: 'Hm.', reasoning: 'Hm.' }
    expect(chat.messages).toEqual([
      { role: 'user', content: 'Go.' },
      { role: 'assistant', content: null, ...thought, tool_calls: calls },
      { role: 'tool', tool_call_id: 'call00001', content: 'of g' },
      { role: 'tool', tool_call_id: 'call00000', content: 'of f' },
      { role: 'tool', tool_call_id: 'call00002', content: 'of f again' },
      { role: 'user', content: [url('image/png', png)] },
      { role: 'assistant', content: 'So.', tool_calls: [called('x1', 'h', '{}')] },
      { role: 'tool', tool_call_id: 'x1', content: 'of h' },
    ])
  })

  it('is a text completion for a raw prompt, and for one with a suffix', async () => {
    const raw = await sent({ prompt: '[INST] Go. [/INST]', raw: true }, 'generate')
    expect(raw).toMatchObject({ prompt: '[INST] Go. [/INST]' })
    const between = { prompt: 'def f():', suffix: '  return x', options: { num_predict: 5 } }
    expect(await sent(between, 'generate')).toMatchObject({
      prompt: 'def f():',
      suffix: '  return x',
      max_tokens: 5,
    })
  })

  it('leaves out of a second try what a server refuses', async () => {
    relay.upstream.script = { persona: 'vllm', refuses: ['top_k', 'chat_template_kwargs'] }
    const known = relay.upstream.requests.length
    const body = { think: true, stream: false, options: { top_k: 5, temperature: 1, seed: 2 } }
    const response = await postOllama(relay, body)
    relay.upstream.script = undefined
    expect(response.status, await response.text()).toBe(200)
    const tries = relay.upstream.requests.slice(known).map((each) => each.body)
    expect(tries).toMatchObject([
      { top_k: 5, temperature: 1 },
      { temperature: 1, seed: 2 },
    ])
    expect(tries[1]).not.toHaveProperty('top_k')
  })
}
