import { describe, expect, it } from 'vitest'
import { ChatAccumulator, collectStream } from '../../../src/stream/chat-accumulator.ts'
import { enforceChatContract } from '../../../src/stream/chat-stream.ts'
import type { ChatChunk, ChunkChoice } from '../../../src/wire/chat/request.ts'

function fold(...chunks: Partial<ChatChunk>[]) {
  const folded = new ChatAccumulator()
  for (const chunk of chunks) {
    folded.add({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [],
      ...chunk,
    })
  }
  return folded.completion()
}

function says(delta: ChunkChoice['delta'], more: Partial<ChunkChoice> = {}): Partial<ChatChunk> {
  return { choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

describe('Fold', () => {
  it('joins texts, refusals and reasoning', () => {
    const completion = fold(
      says({ role: 'assistant', content: '' }),
      says({ reasoning_content: 'h' }),
      says({ reasoning_content: 'm' }),
      says({ content: 'Hel' }),
      says({ content: 'lo', refusal: 'no' }),
      says({}, { finish_reason: 'stop' }),
    )
    expect(completion).toEqual({
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: 'no', reasoning_content: 'hm' },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
    })
  })

  it('gathers tool calls by index, however they are interleaved', () => {
    const { choices } = fold(
      says({
        tool_calls: [
          { index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      }),
      says({
        tool_calls: [
          { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x"' } },
        ],
      }),
      says({
        tool_calls: [
          { index: 1, function: { arguments: '{}' } },
          { index: 0, function: { name: 'f', arguments: ':1}' } },
        ],
      }),
      says({}, { finish_reason: 'tool_calls' }),
    )
    expect(choices[0]?.message).toEqual({
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
        { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    })
    expect(choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('joins log probabilities, and keeps usage and fields it does not know', () => {
    const completion = fold(
      {
        ...says(
          { content: 'a' },
          { logprobs: { content: [{ token: 'a' }] }, content_filter: { hate: 'safe' } },
        ),
        system_fingerprint: 'f',
      },
      {
        ...says(
          { content: 'b' },
          { logprobs: { content: [{ token: 'b' }] }, finish_reason: 'stop' },
        ),
        timings: { ms: 1 },
      },
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
    )
    expect(completion).toMatchObject({
      system_fingerprint: 'f',
      timings: { ms: 1 },
      usage: { total_tokens: 3 },
      choices: [
        {
          logprobs: { content: [{ token: 'a' }, { token: 'b' }] },
          content_filter: { hate: 'safe' },
        },
      ],
    })
  })

  it('orders choices, and joins the old function_call', () => {
    const { choices } = fold(
      { choices: [{ index: 1, delta: { content: 'b' }, finish_reason: 'stop' }] },
      says({ function_call: { name: 'f', arguments: '{' } }),
      says({ function_call: { arguments: '}' } }, { finish_reason: 'function_call' }),
    )
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    expect(choices[0]?.message.function_call).toEqual({ name: 'f', arguments: '{}' })
  })

  it('is not moved by a field called __proto__', () => {
    const evil = JSON.parse('{"content":"a","__proto__":{"polluted":true}}') as ChunkChoice['delta']
    const { choices } = fold(says(evil), says(evil, { finish_reason: 'stop' }))
    expect(choices[0]?.message.content).toBe('aa')
    expect('polluted' in (choices[0]?.message ?? {})).toBe(false)
  })
})

it('ends what does not end', async () => {
  async function* forever(): AsyncGenerator<ChatChunk[], void, void> {
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }]
    for (;;) yield [{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }]
  }
  const folding = collectStream(
    enforceChatContract(forever(), { label: 'x' }),
    new ChatAccumulator(),
    () => {},
    100,
  )
  await expect(folding).rejects.toMatchObject({ status: 502, code: 'engine_invalid' })
})
