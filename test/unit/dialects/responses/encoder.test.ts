import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newResponse } from '../../../../src/dialects/responses/answer.ts'
import { ResponseEncoder } from '../../../../src/dialects/responses/encoder.ts'
import { fromEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import { ChatAccumulator } from '../../../../src/stream/chat-accumulator.ts'
import type {
  ChatChunk,
  ChunkDelta,
  FinishReason,
  Usage,
} from '../../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import type { ResponsesRequest } from '../../../../src/wire/responses/request.ts'
import { lintResponse, type ResponsesRead, readResponses } from '../../../support/responses.ts'

const usage: Usage = {
  prompt_tokens: 7,
  completion_tokens: 5,
  total_tokens: 12,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

function encoderOf(
  request: ResponsesRequest = {},
  status: 'queued' | 'in_progress' = 'in_progress',
) {
  const response = newResponse({ model: 'm', input: 'Go.', ...request }, 'resp_1', status)
  const summarizes = request.reasoning?.summary != null
  const encryptsReasoning = request.include?.includes('reasoning.encrypted_content') ?? false
  return new ResponseEncoder({ response, summarizes, encryptsReasoning, usage: () => usage })
}

function chunkOf(
  delta: ChunkDelta,
  finish_reason: FinishReason | null = null,
  logprobs?: object,
): ChatChunk {
  const choice = { index: 0, delta, finish_reason, ...(logprobs && { logprobs: { ...logprobs } }) }
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] }
}

/** The stream that tells these chunks. */
function tell(chunks: ChatChunk[], encoder = encoderOf()): ResponsesRead {
  const text = chunks.map((chunk) => encoder.chunks([chunk])).join('')
  return readResponses(text + encoder.done())
}

function typesOf({ events }: ResponsesRead): string[] {
  return events.map(({ type }) => type.replace('response.', ''))
}

const piece = fc.string({ unit: 'grapheme', maxLength: 6 })

interface Said {
  delta: ChunkDelta
}

/** What an engine may say, in any order: parallel calls take turns too. */
const delta: fc.Arbitrary<Said> = fc.oneof(
  piece.map((content) => ({ delta: { content } })),
  piece.map((reasoning_content) => ({ delta: { reasoning_content } })),
  piece.map((reasoning) => ({ delta: { reasoning } })),
  piece.map((refusal) => ({ delta: { refusal } })),
  fc.tuple(fc.nat(3), piece, fc.boolean(), fc.boolean()).map(([index, text, hasId, hasName]) => ({
    delta: {
      tool_calls: [
        {
          index,
          ...(hasId && { id: `call_${index}`, type: 'function' }),
          function: { ...(hasName && { name: `tool ${index}` }), arguments: text },
        },
      ],
    },
  })),
)

const finish = fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter')

describe('for any chunks', () => {
  interface Plan {
    said: Said[]
    finish: FinishReason
    summary: boolean
    batch: number
    pings: number[]
  }
  const conversation: fc.Arbitrary<Plan> = fc.record({
    said: fc.array(delta, { maxLength: 30 }),
    finish,
    summary: fc.boolean(),
    batch: fc.integer({ min: 1, max: 5 }),
    pings: fc.array(fc.nat(30), { maxLength: 3 }),
  })
  const shown = (calls: ({ name?: string; arguments?: string } | undefined)[]) =>
    calls.map((call) => `${call?.name ?? ''} ${call?.arguments ?? ''}`).sort()

  function play({ said, finish, summary, batch, pings }: Plan) {
    const encoder = encoderOf(summary ? { reasoning: { summary: 'auto' } } : {})
    const contract = new ChatContract({ label: 'x', source: 'engine' })
    const fold = new ChatAccumulator()
    const chunks = [...said.map(({ delta }) => chunkOf(delta)), chunkOf({}, finish)]
    let text = ''
    for (let at = 0; at < chunks.length; at += batch) {
      if (pings.includes(at)) text += encoder.ping()
      const some = structuredClone(chunks.slice(at, at + batch))
      for (const chunk of some) {
        contract.check(chunk)
        fold.add(structuredClone(chunk))
      }
      text += encoder.chunks(some)
    }
    return { read: readResponses(text + encoder.done()), folded: fold.completion(), encoder }
  }

  it('tells what they said, by the rules of the API', () => {
    const property = fc.property(conversation, (plan) => {
      const { read, folded } = play(plan)
      const message = folded.choices[0]?.message
      expect(read.problems).toEqual([])
      expect(read.text).toBe(message?.content ?? '')
      expect(read.refusal).toBe(message?.refusal ?? '')
      const thought = plan.said.map(({ delta }) => delta.reasoning_content || delta.reasoning || '')
      expect(read.reasoning).toBe(thought.join(''))
      expect(shown(read.calls)).toEqual(
        shown((message?.tool_calls ?? []).map((call) => call.function)),
      )
      const isWhole = plan.finish === 'stop' || plan.finish === 'tool_calls'
      expect(read.outcome).toBe(isWhole ? 'completed' : 'incomplete')
      expect(read.usage).toMatchObject({ input_tokens: 7, output_tokens: 5, total_tokens: 12 })
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('tells the same as a whole answer, except for the order of its parts', () => {
    const property = fc.property(conversation, (plan) => {
      const { read, folded } = play({ ...plan, pings: [] })
      const whole = encoderOf().answer(structuredClone(folded))
      expect(lintResponse(whole)).toEqual([])
      const texts = whole.output.flatMap((item) => (item.type === 'message' ? item.content : []))
      expect(texts.map((part) => part.text ?? '').join('')).toBe(read.text)
      expect(texts.map((part) => part.refusal ?? '').join('')).toBe(read.refusal)
      const calls = whole.output.filter((item) => item.type === 'function_call')
      expect(shown(calls)).toEqual(shown(read.calls))
      expect(whole.status).toBe(read.outcome)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('fails at any moment in one way, and last', () => {
    const property = fc.property(fc.array(delta, { maxLength: 12 }), (said) => {
      const encoder = encoderOf()
      const text = said.map(({ delta }) => encoder.chunks([chunkOf(delta)])).join('')
      const error = new ApiError(502, 'It broke.', { code: 'upstream_truncated' })
      const read = readResponses(text + encoder.error(error))
      expect(read.problems).toEqual([])
      expect(read.outcome).toBe('failed')
      expect(read.error).toMatchObject({ code: 'upstream_truncated', message: 'It broke.' })
      const { output } = read.response as { output: { status: string }[] }
      expect(output.some(({ status }) => status === 'in_progress')).toBe(false)
    })
    fc.assert(property, { numRuns: 100 })
  })
})

it('tells a text in the order of the API', () => {
  const read = tell([chunkOf({ role: 'assistant', content: 'Hi' }), chunkOf({}, 'stop')])
  expect(typesOf(read)).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'completed',
  ])
  expect(read.events.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
})

it('tells reasoning as it was thought, and as a summary where one was asked for', () => {
  const chunks = [chunkOf({ reasoning: 'Hm.' }), chunkOf({ content: 'Yes' }), chunkOf({}, 'stop')]
  const plain = tell(structuredClone(chunks))
  expect(typesOf(plain).slice(2, 7)).toEqual([
    'output_item.added',
    'content_part.added',
    'reasoning_text.delta',
    'reasoning_text.done',
    'content_part.done',
  ])
  const summary = tell(chunks, encoderOf({ reasoning: { summary: 'auto' } }))
  expect(typesOf(summary).slice(2, 7)).toEqual([
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
  ])
  for (const read of [plain, summary]) {
    expect(read.problems).toEqual([])
    expect(read).toMatchObject({ reasoning: 'Hm.', text: 'Yes' })
    const items = (read.response as { output: { type: string }[] }).output
    expect(items.map(({ type }) => type)).toEqual(['reasoning', 'message'])
  }
})

it('lets a client that keeps nothing here carry what was thought', () => {
  const chunks = [chunkOf({ reasoning: 'Hm… 🤔' }), chunkOf({}, 'stop')]
  for (const reasoning of [{}, { summary: 'auto' }]) {
    const encoder = encoderOf({ include: ['reasoning.encrypted_content'], reasoning })
    const read = tell(structuredClone(chunks), encoder)
    expect(read.problems).toEqual([])
    const { output } = read.response as { output: { encrypted_content: string }[] }
    expect(fromEncryptedContent(output[0]?.encrypted_content ?? '', 'here')).toBe('Hm… 🤔')
  }
})

it('keeps parallel calls apart, whichever is spoken of', () => {
  const call = (index: number, fields: object) => chunkOf({ tool_calls: [{ index, ...fields }] })
  const read = tell([
    call(0, { id: 'a', function: { name: 'one', arguments: '{"x"' } }),
    call(1, { id: 'b', function: { name: 'two', arguments: '{' } }),
    call(0, { function: { arguments: ':1}' } }),
    call(1, { function: { arguments: '}' } }),
    chunkOf({}, 'tool_calls'),
  ])
  expect(read.problems).toEqual([])
  expect(read.calls).toEqual([
    { call_id: 'a', name: 'one', arguments: '{"x":1}' },
    { call_id: 'b', name: 'two', arguments: '{}' },
  ])
})

it.each([
  ['without an id', { function: { name: 'one', arguments: '{}' } }, '{}'],
  [
    'whose arguments are an object',
    { id: 'a', function: { name: 'one', arguments: { x: 1 } } },
    '{"x":1}',
  ],
])('tells a call %s', (_, fields, text) => {
  const calls = [{ index: 0, ...fields }] as unknown as NonNullable<ChunkDelta['tool_calls']>
  const read = tell([chunkOf({ tool_calls: calls }), chunkOf({}, 'tool_calls')])
  expect(read.problems).toEqual([])
  expect(read.calls[0]).toMatchObject({ name: 'one', arguments: text })
  expect(read.calls[0]?.call_id).toMatch(/./)
})

it('tells the old form of a call', () => {
  const old = { function_call: { name: 'one', arguments: '{}' } }
  const read = tell([chunkOf(old), chunkOf({}, 'function_call')])
  expect(read.problems).toEqual([])
  expect(read.calls).toMatchObject([{ name: 'one', arguments: '{}' }])
  expect(read.outcome).toBe('completed')
})

it('holds back the arguments of a call that has no name yet', () => {
  const read = tell([
    chunkOf({ tool_calls: [{ index: 0, function: { arguments: '{' } }] }),
    chunkOf({ tool_calls: [{ index: 0, id: 'a', function: { name: 'one', arguments: '}' } }] }),
    chunkOf({}, 'tool_calls'),
  ])
  expect(read.problems).toEqual([])
  expect(read.calls).toEqual([{ call_id: 'a', name: 'one', arguments: '{}' }])
})

it('tells how likely each token was, in the delta and in the part', () => {
  const entry = { token: 'Hi', logprob: -0.5, bytes: [72, 105], top_logprobs: [] }
  const broken = { token: 7, logprob: null }
  const read = tell([
    chunkOf({ content: 'Hi' }, null, { content: [entry, broken] }),
    chunkOf({}, 'stop'),
  ])
  expect(read.problems).toEqual([])
  expect(read.logprobs).toEqual([entry])
  const output = (read.response as { output: { content: { logprobs: unknown }[] }[] }).output
  expect(output[0]?.content[0]?.logprobs).toEqual([entry])
})

it.each([
  ['length', 'max_output_tokens'],
  ['content_filter', 'content_filter'],
] as const)('is incomplete after %s', (finish_reason, reason) => {
  const read = tell([chunkOf({ content: 'Hi' }), chunkOf({}, finish_reason)])
  expect(read.problems).toEqual([])
  expect(read.response).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason },
    completed_at: null,
    output: [{ status: 'incomplete' }],
  })
})

it('begins with a heartbeat where the engine is late, and goes on counting', () => {
  const encoder = encoderOf()
  let text = encoder.ping() + encoder.ping() + encoder.opening()
  text += encoder.chunks([chunkOf({ content: 'Hi' })]) + encoder.idle()
  text += encoder.chunks([chunkOf({}, 'stop')])
  const read = readResponses(text + encoder.done())
  expect(read.problems).toEqual([])
  expect(typesOf(read).filter((type) => type === 'in_progress')).toHaveLength(2)
  expect(typesOf(read).filter((type) => type === 'output_text.delta')).toHaveLength(2)
  expect(read.text).toBe('Hi')
})

it('is queued in the background until the engine speaks', () => {
  const encoder = encoderOf({ background: true }, 'queued')
  const waiting = encoder.ping() + encoder.ping()
  const read = readResponses(waiting + encoder.chunks([chunkOf({}, 'stop')]) + encoder.done())
  expect(read.problems).toEqual([])
  expect(typesOf(read)).toEqual(['created', 'queued', 'queued', 'in_progress', 'completed'])
})

it('keeps the model that it told first', () => {
  const encoder = encoderOf({ model: 'alias' })
  const text = encoder.ping() + encoder.chunks([chunkOf({}, 'stop')]) + encoder.done()
  const models = readResponses(text).events.map(
    ({ response }) => (response as { model: string })?.model,
  )
  expect(new Set(models)).toEqual(new Set(['alias']))
})

it('ends an answer that would fill the memory', () => {
  const encoder = encoderOf()
  const long = chunkOf({ content: 'x'.repeat(8 * 1024 * 1024) })
  const flood = () => {
    for (let count = 0; count < 5; count++) encoder.chunks([long])
  }
  expect(flood).toThrow(/an answer of more than/)
})
