import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import { ChatAccumulator } from '../../../../src/stream/chat-accumulator.ts'
import { EventReader } from '../../../../src/stream/event-reader.ts'
import { ChunkSink } from '../../../../src/stream/event-sinks.ts'
import type {
  ChatChunk,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'
import { Message, readMessages } from '../../../support/message-stream.ts'

const request = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] }
const conversation = (more: object = {}) =>
  messagesDialect.read({ ...request, ...more }, 'abcd-1234', new Headers())

const envelope = { id: 'c1', object: 'chat.completion.chunk' as const, created: 1, model: 'org/m' }

function says(delta: ChunkDelta, finish_reason: FinishReason | null = null, more = {}): ChatChunk {
  return { ...envelope, choices: [{ index: 0, delta, finish_reason, ...more }] }
}

function counts(usage: object): ChatChunk {
  return { ...envelope, choices: [], usage: usage as Usage }
}

/** What a client reads of chunks that came in these batches. */
function tell(batches: ChatChunk[][], more: object = {}) {
  const encoder = conversation(more).encoder()
  return readMessages(batches.map((batch) => encoder.chunks(batch)).join('') + encoder.done())
}

/** The same of an upstream's bytes, cut anywhere. */
function tellCut(chunks: ChatChunk[], places: number[]) {
  const encoder = conversation().encoder()
  const sink = new ChunkSink<ChatChunk>()
  const contract = new ChatContract({ label: 'x', usage: true })
  const reader = new EventReader(contract, sink, false)
  const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
  const bytes = encodeText(`${text}data: [DONE]\n\n`)
  const ends = [...new Set(places.map((at) => at % bytes.length))].sort((a, b) => a - b)
  let told = ''
  for (const [i, end] of [...ends, bytes.length].entries()) {
    reader.push(bytes.slice(ends[i - 1] ?? 0, end))
    told += encoder.chunks(sink.take() ?? [])
  }
  expect(reader).toMatchObject({ failure: undefined, ended: true })
  return readMessages(told + encoder.done())
}

function call(index: number, args: string | undefined, named: { id?: string; name?: string } = {}) {
  const { id, name } = named
  const called = { ...(name && { name }), ...(args !== undefined && { arguments: args }) }
  return { index, ...(id && { id, type: 'function' }), function: called }
}

/** Pieces in the order of a model: thoughts, words, calls; those of calls come in any order. */
const pieces = fc.record({
  thinking: fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 }),
  text: fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 5 }),
  inputs: fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue(), { maxKeys: 3 }), {
    maxLength: 3,
  }),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  order: fc.infiniteStream(fc.nat()),
  isInTurn: fc.boolean(),
  field: fc.constantFrom('reasoning', 'reasoning_content'),
  places: fc.array(fc.nat(), { maxLength: 30 }),
})

describe('what a client assembles', () => {
  it('is what the engine said, in whatever pieces and order it came', () => {
    fc.assert(
      fc.property(pieces, ({ thinking, text, inputs, cuts, order, isInTurn, field, places }) => {
        const jsons = inputs.map((input) => JSON.stringify(input))
        const chunks: ChatChunk[] = [
          says({ role: 'assistant', content: '' }),
          ...thinking.map((piece) => says({ [field]: piece })),
          ...text.map((content) => says({ content })),
          ...callPieces(jsons, cuts, isInTurn, order),
          says({}, inputs.length > 0 ? 'tool_calls' : 'stop'),
          counts({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }),
        ]
        const read = tellCut(chunks, places)
        expect(read.problems).toEqual([])
        expect(read.outcome).toBe('finished')
        const of = (type: string) => read.blocks.filter((block) => block.type === type)
        expect(
          of('thinking')
            .map((block) => block.thinking)
            .join(''),
        ).toBe(thinking.join(''))
        expect(
          of('text')
            .map((block) => block.text)
            .join(''),
        ).toBe(text.join(''))
        expect(of('tool_use').map(({ id, name, json }) => [id, name, json])).toEqual(
          jsons.map((json, index) => [`call_${index}`, `tool${index}`, json]),
        )
        expect(read.stop?.stop_reason).toBe(inputs.length > 0 ? 'tool_use' : 'end_turn')
        expect(read.usage).toMatchObject([
          { input_tokens: 0, output_tokens: 0 },
          { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: null },
        ])
      }),
      { numRuns: 500 },
    )
  })

  it('is the same from a stream and from the whole answer', () => {
    fc.assert(
      fc.property(pieces, ({ thinking, text, inputs, cuts, order, isInTurn, field }) => {
        const jsons = inputs.map((input) => JSON.stringify(input))
        const chunks = [
          says({ role: 'assistant', content: '' }),
          ...thinking.map((piece) => says({ [field]: piece })),
          ...text.map((content) => says({ content })),
          ...callPieces(jsons, cuts, isInTurn, order),
          says({}, inputs.length > 0 ? 'tool_calls' : 'stop'),
        ]
        const streamed = tell([chunks])
        const fold = new ChatAccumulator()
        for (const chunk of structuredClone(chunks)) fold.add(chunk)
        const whole = Message.parse(conversation().answer(fold.completion()))
        expect(whole.content).toEqual(
          streamed.blocks.map(({ json, ...block }) =>
            block.type === 'tool_use' ? { ...block, input: JSON.parse(json ?? '{}') } : block,
          ),
        )
        expect(whole.stop_reason).toBe(streamed.stop?.stop_reason)
      }),
    )
  })
})

/** Each call's first piece has its id and name; `isInTurn`: one call after the other. */
function callPieces(
  jsons: string[],
  cuts: number[],
  isInTurn: boolean,
  order: Iterable<number>,
): ChatChunk[] {
  const queues = jsons.map((json, index) => {
    const ends = [...new Set(cuts.map((cut) => cut % json.length))].sort((a, b) => a - b)
    const parts = [...ends, json.length].map((end, i, all) => json.slice(all[i - 1] ?? 0, end))
    const first = call(index, '', { id: `call_${index}`, name: `tool${index}` })
    return [first, ...parts.map((part) => call(index, part))]
  })
  if (isInTurn) return queues.flat().map((piece) => says({ tool_calls: [piece] }))
  // All calls are begun in their order, then go on in any.
  const chunks = queues.map((queue) => says({ tool_calls: queue.splice(0, 1) }))
  const picks = order[Symbol.iterator]()
  for (let left = queues.filter((queue) => queue.length > 0); left.length > 0; ) {
    const queue = left[(picks.next().value as number) % left.length] ?? []
    chunks.push(says({ tool_calls: queue.splice(0, 1) }))
    left = left.filter(({ length }) => length > 0)
  }
  return chunks
}

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
  const read = readMessages(encoder.ping('loading') + encoder.error(error))
  expect(read).toMatchObject({ problems: [], pings: 1, outcome: 'failed' })
  expect(read.error).toMatchObject({ type: 'timeout_error', message: 'Late.' })
})
