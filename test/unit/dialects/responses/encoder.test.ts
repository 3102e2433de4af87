import { expect, it } from 'vitest'
import { fromEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import type { ChunkDelta } from '../../../../src/wire/chat/request.ts'
import { readResponses } from '../../../support/responses.ts'
import { chunkOf, encoderOf, tell, typesOf } from './told.ts'

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

it('tells progress in a comment before a state that it repeats, never before an event that counts', () => {
  const encoder = encoderOf()
  const first = encoder.ping('loading m')
  expect(first.indexOf(': loading m')).toBeGreaterThan(first.indexOf('response.created'))
  const second = encoder.ping('loading\nm 42 %')
  expect(second).toMatch(/^: loading m 42 %\nevent: response.in_progress\n/)
  const read = readResponses(
    first + second + encoder.chunks([chunkOf({}, 'stop')]) + encoder.done(),
  )
  expect(read.problems).toEqual([])
  expect(typesOf(read)).toEqual(['created', ...Array(3).fill('in_progress'), 'completed'])
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
