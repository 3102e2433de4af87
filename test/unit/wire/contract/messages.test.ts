import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader } from '../../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../../src/stream/event-sinks.ts'
import { concat } from '../../../../src/util/bytes.ts'
import type { FinishRule } from '../../../../src/wire/contract/finish-reason.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import { checkMessage } from '../../../../src/wire/contract/messages-answer.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'
import { encodeText } from '../../../../src/wire/sse/sse.ts'
import { readMessages } from '../../../support/message-stream.ts'
import { messageEvents, named } from '../../../support/messages-upstream.ts'

type Event = { type: string; [field: string]: unknown }

/** What a client gets of an upstream's stream. */
function forward(text: string, { places = [], missing = 'failure' }: Options = {}) {
  const contract = new MessagesContract({ label: 'gpu', finishReason: { missing, sent: () => {} } })
  const sink = new FrameSink(true)
  const reader = new EventReader(contract, sink, false, true)
  const bytes = encodeText(text)
  const ends = [...new Set(places.map((at) => at % bytes.length))].sort((a, b) => a - b)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const [i, end] of [...ends, bytes.length].entries()) {
    if (reader.ended || reader.failure) break
    reader.push(bytes.slice(ends[i - 1] ?? 0, end))
    parts.push(...(sink.take() ?? []))
  }
  reader.close('end')
  parts.push(...(sink.take() ?? []))
  const raw = new TextDecoder('utf-8', { fatal: true }).decode(concat(parts))
  return { raw, error: reader.failure, repaired: [...contract.repaired], contract }
}

interface Options {
  places?: number[]
  missing?: FinishRule['missing']
}

const all = (events: Event[]) => events.map(named).join('')
const texts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }), { maxLength: 4 })
const said = fc.record({
  thinking: fc.option(texts, { nil: undefined }),
  text: fc.option(texts, { nil: undefined }),
  calls: fc.array(
    fc.record({
      id: fc.constant('a'),
      name: fc.constant('f'),
      input: fc.constant(['{"x"', ':1}']),
    }),
    { maxLength: 2 },
  ),
})

describe('a stream that obeys', () => {
  it('passes as the same bytes, however it is cut', () => {
    fc.assert(
      fc.property(said, fc.array(fc.nat(), { maxLength: 30 }), (one, places) => {
        const text = all(messageEvents(one as never))
        const { raw, error, repaired, contract } = forward(text, { places })
        expect({ raw, error, repaired }).toEqual({ raw: text, error: undefined, repaired: [] })
        expect(readMessages(raw, true)).toMatchObject({ problems: [], outcome: 'finished' })
        expect(contract.usage).toEqual({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 })
      }),
    )
  })

  const [start, ...rest] = messageEvents({ text: ['a'] }) as [Event, ...Event[]]

  it('may have pings, which are ours to send, and events that nobody knows', () => {
    const odd = { type: 'something.new', x: 1 }
    const text = all([{ type: 'ping' }, start, { type: 'ping' }, odd, ...rest])
    expect(forward(text)).toMatchObject({ raw: all([start, odd, ...rest]), repaired: [] })
  })

  it('may have blocks that stop at the end, all together', () => {
    const events = [
      start,
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'a' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: '' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_stop', index: 1 },
      ...rest.slice(-2),
    ]
    expect(forward(all(events))).toMatchObject({ raw: all(events), repaired: [] })
  })

  it('counts what came from a cache as part of the prompt', () => {
    const usage = { input_tokens: 3, cache_read_input_tokens: 90, cache_creation_input_tokens: 7 }
    const events = messageEvents({ text: ['a'] }).map((event) =>
      event.type === 'message_delta' ? { ...event, usage: { ...usage, output_tokens: 2 } } : event,
    )
    const counted = { prompt_tokens: 100, completion_tokens: 2, total_tokens: 102 }
    expect(forward(all(events)).contract.usage).toEqual(counted)
  })
})

describe('what is repaired', () => {
  it('is a message that lacks what clients read', () => {
    const events = messageEvents({ text: ['a'] })
    // As vLLM starts: it leaves out what is set by default.
    const bare = { type: 'message_start', message: { id: 'x', model: 'm', content: [] } }
    const { raw, repaired } = forward(all([bare, ...events.slice(1)]))
    const [first] = readMessages(raw, true).events
    expect(first?.message).toEqual({
      id: 'x',
      model: 'm',
      content: [],
      type: 'message',
      role: 'assistant',
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    })
    expect(repaired).toEqual(['message'])
  })

  it('is a message_delta without usage', () => {
    const events = messageEvents({ text: ['a'] }).map(({ usage: _, ...event }) => event as Event)
    const read = readMessages(forward(all(events)).raw, true)
    expect(read).toMatchObject({ outcome: 'finished', usage: [{}, { output_tokens: 0 }] })
  })

  it.each([
    ['the end instead of message_stop', ''],
    ['[DONE] instead of message_stop', 'data: [DONE]\n\n'],
  ])('is %s', (_, ending) => {
    const events = messageEvents({ text: ['a'] })
    const { raw, repaired } = forward(all(events.slice(0, -1)) + ending)
    expect(raw).toBe(all(events))
    expect(repaired).toEqual(['done'])
  })

  it('is a stop without a reason, where the upstream is known for it', () => {
    const events = messageEvents({ text: ['a'] })
    const hasty = [...events.slice(0, 3), { type: 'message_stop' }]
    expect(forward(all(hasty)).error).toMatchObject({ code: 'upstream_incomplete' })
    const { raw, repaired } = forward(all(hasty), { missing: 'stop-after-content' })
    expect(readMessages(raw, true)).toMatchObject({
      problems: [],
      outcome: 'finished',
      stop: { stop_reason: 'end_turn' },
    })
    expect(repaired).toContain('stop_reason')
  })
})

describe('a stream that does not obey fails', () => {
  const events = messageEvents({ text: ['a'], calls: [{ id: 'a', name: 'f', input: ['{}'] }] })
  const at = (index: number, ...instead: Event[]) => [
    ...events.slice(0, index),
    ...instead,
    ...events.slice(index),
  ]
  const delta = { type: 'text_delta', text: 'b' }
  const second = { message: { id: 'another' } }

  it.each<[string, Event[], RegExp]>([
    ['with a second message', at(1, { ...second, type: 'message_start' }), /a second message/],
    ['with a message that is none', [{ type: 'message_start' }], /without a message/],
    ['with a block out of turn', at(4, block(3)), /block 3 where 1 is next/],
    ['with a block twice', at(2, block(0)), /block 0 where 1 is next/],
    [
      'with a block of no type',
      [...events.slice(0, 1), { type: 'content_block_start', index: 0 }],
      /type/,
    ],
    [
      'with words for a closed block',
      at(4, { type: 'content_block_delta', index: 0, delta }),
      /not open/,
    ],
    [
      'with words for no block',
      at(1, { type: 'content_block_delta', index: 0, delta }),
      /not open/,
    ],
    ['with a block stopped twice', at(4, { type: 'content_block_stop', index: 0 }), /not open/],
    [
      'with a delta of no type',
      at(2, { type: 'content_block_delta', index: 0, delta: {} }),
      /type/,
    ],
    [
      'with words that are none',
      at(2, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 1 } }),
      /text is not a string/,
    ],
    [
      'with a block after its stop reason',
      at(events.length - 1, block(2)),
      /after the stop_reason/,
    ],
    [
      'with a reason that is no text',
      [...events.slice(0, -2), { type: 'message_delta', delta: { stop_reason: 1 } }],
      /not a string/,
    ],
    ['with an event without a type', at(1, { type: '' }), /without a type/],
    [
      'with an error',
      at(3, { type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } }),
      /Busy/,
    ],
  ])('%s', (_, list, message) => {
    const { error, raw } = forward(all(list))
    expect(error?.message).toMatch(message)
    expect(error?.status).toBe(error?.type === 'overloaded_error' ? 529 : 502)
    expect(readMessages(raw, true).outcome).toBe('truncated')
  })

  it('by whatever it is cut off', () => {
    const text = all(events)
    // Without its last event it is as good as finished.
    const last = text.lastIndexOf('event: message_stop')
    const before = text.lastIndexOf('event: message_delta')
    fc.assert(
      fc.property(fc.nat(before), (length) => {
        const { error, raw } = forward(text.slice(0, length))
        expect(error).toMatchObject({ status: 502, code: 'upstream_truncated' })
        expect(readMessages(raw, true).outcome).toBe('truncated')
      }),
    )
    expect(forward(text.slice(0, last)).error).toBeUndefined()
  })

  it('by an array, a number or words for an event', () => {
    for (const data of ['[]', '1', '"x"', 'words', '{"type":']) {
      expect(forward(`event: message_start\ndata: ${data}\n\n`).error).toMatchObject({
        status: 502,
      })
    }
  })
})

function block(index: number): Event {
  return { type: 'content_block_start', index, content_block: { type: 'text', text: '' } }
}

describe('a whole message', () => {
  const errors = new EngineErrors({ label: 'gpu' })
  const message = { type: 'message', model: 'm', content: [{ type: 'text', text: 'a' }] }
  const stopped = { ...message, stop_reason: 'end_turn' }

  it('passes, and tells the log of its model and counts', () => {
    const usage = { input_tokens: 1, output_tokens: 2 }
    const judged = checkMessage({ ...stopped, usage }, errors)
    expect(judged).toMatchObject({ model: 'm', usage: { total_tokens: 3 }, repaired: [] })
  })

  it('has an empty list where the upstream has null', () => {
    const empty = { ...stopped, content: null }
    expect(checkMessage(empty, errors).repaired).toEqual(['message'])
    expect(empty.content).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['an array', [], 'upstream_invalid'],
    ['no content', { ...stopped, content: undefined }, 'upstream_invalid'],
    ['a block of no type', { ...stopped, content: [{}] }, 'upstream_invalid'],
    ['no reason', message, 'upstream_incomplete'],
    ['an empty reason', { ...message, stop_reason: '' }, 'upstream_incomplete'],
    ['an error', { type: 'error', error: { message: 'x' } }, 'upstream_error'],
    ['a chat', { object: 'chat.completion', choices: [] }, 'upstream_invalid'],
  ])('fails with %s', (_, value, code) => {
    expect(() => checkMessage(value, errors)).toThrow(expect.objectContaining({ code }))
  })
})
