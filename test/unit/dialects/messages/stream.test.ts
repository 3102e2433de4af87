import { describe, expect, it } from 'vitest'
import type { ChatChunk, FinishReason } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { Message, readMessages } from '../../../support/message-stream.ts'
import { call, conversation, counts, envelope, says, tell } from './told.ts'

describe('the order of blocks', () => {
  const kinds = (chunks: ChatChunk[]) => {
    const read = tell([chunks])
    expect(read.problems).toEqual([])
    return read.blocks.map((block) => block.text ?? block.thinking ?? block.json)
  }

  it('is that of the answer, where thoughts and words take turns', () => {
    const chunks = [
      says({ reasoning: 'a' }),
      says({ content: 'b' }),
      says({ reasoning: 'c' }),
      says({ content: 'd' }, 'stop'),
    ]
    expect(kinds(chunks)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('streams a call as it comes, and the next one once its arguments are whole', () => {
    const encoder = conversation().encoder()
    const step = (...pieces: ReturnType<typeof call>[]) =>
      encoder.chunks([says({ tool_calls: pieces })])
    expect(step(call(0, '', { id: 'a', name: 'f' }))).toContain('content_block_start')
    expect(step(call(0, '{"x":'))).toContain('{\\"x\\":')
    expect(step(call(1, '{}', { id: 'b', name: 'g' }))).toBe('')
    const frames = step(call(0, '1}'))
    expect(frames.indexOf('"1}"')).toBeLessThan(frames.indexOf('"name":"g"'))
    expect(frames).toContain('content_block_stop')
  })

  it('signs a thought with nothing, as it has nothing to sign with', () => {
    const read = tell([[says({ reasoning: 'a' }), says({ content: 'b' }, 'stop')]])
    const deltas = read.events.filter(({ index, delta }) => index === 0 && delta)
    expect(deltas.map(({ delta }) => delta)).toEqual([
      { type: 'thinking_delta', thinking: 'a' },
      { type: 'signature_delta', signature: '' },
    ])
  })

  it('holds words back that come amid a call', () => {
    const chunks = [
      says({ tool_calls: [call(0, '{"x"', { id: 'a', name: 'f' })] }),
      says({ content: 'Hm.' }),
      says({ tool_calls: [call(0, ':1}')] }, 'tool_calls'),
    ]
    expect(kinds(chunks)).toEqual(['{"x":1}', 'Hm.'])
  })

  it('fails where a call goes on after its arguments were whole', () => {
    const chunks = [
      says({ tool_calls: [call(0, '{}', { id: 'a', name: 'f' })] }),
      says({ tool_calls: [call(1, '', { id: 'b', name: 'g' })] }),
      says({ tool_calls: [call(0, '{}')] }),
    ]
    expect(() => tell([chunks])).toThrow(ApiError)
  })

  it('fails where a tool is called without a name', () => {
    const nameless = { tool_calls: [call(0, '{}', { id: 'a' })] }
    expect(() => tell([[says(nameless, 'tool_calls')]])).toThrow('without naming it')
  })

  it('names a call whose engine gave it no id', () => {
    const read = tell([[says({ tool_calls: [call(0, '{}', { name: 'f' })] }, 'stop')]])
    expect(read.blocks[0]).toMatchObject({ id: 'toolu_abcd1234_0', name: 'f', json: '{}' })
    expect(read.stop?.stop_reason).toBe('tool_use')
  })
})

describe('how it ended', () => {
  it.each<[FinishReason, object, object]>([
    ['stop', {}, { stop_reason: 'end_turn', stop_sequence: null }],
    ['stop', { stop_reason: 'END' }, { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    ['stop', { matched_stop: 'END' }, { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    ['stop', { stop_reason: 151_645 }, { stop_reason: 'end_turn', stop_sequence: null }],
    ['stop', { stop_reason: 'other' }, { stop_reason: 'end_turn', stop_sequence: null }],
    ['length', {}, { stop_reason: 'max_tokens' }],
    ['tool_calls', {}, { stop_reason: 'tool_use' }],
    ['function_call', {}, { stop_reason: 'tool_use' }],
    ['content_filter', {}, { stop_reason: 'refusal', stop_details: { type: 'refusal' } }],
  ])('%s, %j', (reason, more, stop) => {
    const asked = { stop_sequences: ['STOP', 'END'] }
    const chunk = says({ role: 'assistant', content: 'a' }, reason, more)
    const read = tell([[chunk]], asked)
    expect(read.problems).toEqual([])
    expect(read.stop).toMatchObject(stop)
    const choice = { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: reason }
    const completion = { ...envelope, choices: [{ ...choice, ...more }] }
    expect(Message.parse(conversation(asked).answer(completion as never))).toMatchObject(stop)
  })

  it('is a refusal where the engine refused, in its words', () => {
    const read = tell([[says({ refusal: 'I ' }), says({ refusal: 'can’t.' }), says({}, 'stop')]])
    expect(read.problems).toEqual([])
    expect(read.text).toBe('I can’t.')
    expect(read.stop).toMatchObject({ stop_reason: 'refusal' })
  })

  it('counts what was read from a cache, and thoughts, for themselves', () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 90, cache_write_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 15 },
    }
    const read = tell([[says({ content: 'a' }, 'stop'), counts(usage)]])
    expect(read.usage[1]).toEqual({
      input_tokens: 6,
      output_tokens: 20,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 4,
      output_tokens_details: { thinking_tokens: 15 },
      server_tool_use: null,
    })
  })

  it('makes no counts up', () => {
    const read = tell([[says({ content: 'a' }, 'stop')]])
    expect(read.problems).toEqual([])
    expect(read.usage[1]).toMatchObject({ input_tokens: null, output_tokens: 0 })
  })
})

describe('a whole answer', () => {
  const whole = (message: object, finish_reason = 'tool_calls') => {
    const choice = { index: 0, message: { role: 'assistant', content: null, ...message } }
    return conversation().answer({ ...envelope, choices: [{ ...choice, finish_reason }] } as never)
  }
  const called = (text: string) => ({
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: text } }],
  })

  it('takes no arguments for none', () => {
    expect(whole(called(''))).toMatchObject({ content: [{ type: 'tool_use', input: {} }] })
  })

  it('fails where a call’s arguments are no JSON', () => {
    expect(() => whole(called('{"x":'))).toThrow(expect.objectContaining({ status: 502 }))
  })

  it('leaves out a call that was cut off', () => {
    const cut = whole({ content: 'Well.', ...called('{"x":') }, 'length')
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text' }] })
  })
})

it('keeps a line open by pings, and fails by an error event', () => {
  const encoder = conversation().encoder()
  const error = new ApiError(504, 'Late.', { code: 'first_token_timeout' })
  expect(encoder.ping('loading\nm')).toMatch(/^: loading m\nevent: ping\n/)
  const read = readMessages(encoder.ping() + encoder.ping('loading') + encoder.error(error))
  expect(read).toMatchObject({ problems: [], pings: 2, outcome: 'failed' })
  expect(read.error).toMatchObject({ type: 'timeout_error', message: 'Late.' })
})
