import { describe, expect, it } from 'vitest'
import { EventReader } from '../../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../../src/stream/event-sinks.ts'
import { concat } from '../../../../src/util/bytes.ts'
import type { StreamContract } from '../../../../src/wire/contract/contract.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import { ResponsesContract } from '../../../../src/wire/contract/responses.ts'

type Event = { type: string; [field: string]: unknown }

const label = 'gpu'
const named = (event: Event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

/** What a client gets of an upstream's events. */
function forward<T>(events: readonly Event[], contract: StreamContract<T>, before = '') {
  const sink = new FrameSink(true)
  const reader = new EventReader(contract, sink, false, true)
  reader.push(new TextEncoder().encode(before + events.map(named).join('')))
  reader.close('end')
  const text = new TextDecoder().decode(concat(sink.take() ?? []))
  const told = text.split('\n\n').filter((frame) => frame !== '')
  return {
    told: told.map((frame) => JSON.parse(frame.slice(frame.indexOf('data: ') + 6)) as Event),
    repaired: [...contract.repaired],
    error: reader.failure,
  }
}

describe('a native message', () => {
  const start = { type: 'message_start', message: { id: 'msg_1', model: 'm', usage: {} } }
  const block = (index: number, type = 'text') => ({
    type: 'content_block_start',
    index,
    content_block: { type },
  })
  const stopBlock = (index: number) => ({ type: 'content_block_stop', index })
  const delta = (stop_reason: string) => ({
    type: 'message_delta',
    delta: { stop_reason },
    usage: { output_tokens: 1 },
  })
  const stop = { type: 'message_stop' }
  const contract = () => new MessagesContract({ label }, 'asked')

  it('gets the message_start that is missing, with what is known of the message', () => {
    const events = [block(0), stopBlock(0), delta('end_turn'), stop]
    const { told, repaired, error } = forward(events, contract())
    expect(error).toBeUndefined()
    expect(told[0]).toMatchObject({
      type: 'message_start',
      message: {
        id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
        type: 'message',
        role: 'assistant',
        model: 'asked',
        content: [],
        stop_reason: null,
        usage: { input_tokens: 0, output_tokens: 0 },
      },
    })
    expect(told.slice(1)).toEqual(events)
    expect(repaired).toEqual(['message'])
  })

  it('starts once, though it is told twice', () => {
    const { told, repaired } = forward(
      [start, start, block(0), stopBlock(0), delta('x'), stop],
      contract(),
    )
    expect(told.filter(({ type }) => type === 'message_start')).toHaveLength(1)
    expect(repaired).toContain('message')
  })

  it('gets the stops of blocks that a limit cut', () => {
    const events = [start, block(0), block(1, 'tool_use'), delta('max_tokens'), stop]
    const { told, repaired, error } = forward(events, contract())
    expect(error).toBeUndefined()
    expect(told.map(({ type, index }) => [type, index])).toEqual([
      ['message_start', undefined],
      ['content_block_start', 0],
      ['content_block_start', 1],
      ['content_block_stop', 0],
      ['content_block_stop', 1],
      ['message_delta', undefined],
      ['message_stop', undefined],
    ])
    expect(repaired).toContain('block')
  })

  it('takes an error only for what is called one, or nothing', () => {
    const own = [
      { type: 'own.note', detail: 'x' },
      { type: 'own.failure', error: { message: 'of a tool' } },
    ]
    const { told, error } = forward([start, ...own, delta('end_turn'), stop], contract())
    expect(error).toBeUndefined()
    expect(told.slice(1)).toEqual([...own, delta('end_turn'), stop])
    const errors = [
      { detail: 'No.' },
      { error: 'No.' },
      { type: 'error', message: 'No.' },
      { object: 'error', type: 'BadRequestError', message: 'No.' },
    ]
    for (const wrong of errors) {
      const failed = forward([start, wrong as Event], contract())
      expect(failed.error?.message).toMatch(/No\./)
    }
  })

  it('passes events of unknown types before and within it, and loses null', () => {
    const events = [
      { type: 'own.event', own: 1 },
      start,
      { type: 'other' },
      delta('end_turn'),
      stop,
    ]
    const { told, repaired } = forward(events, contract(), 'data: null\n\n')
    expect(told.map(({ type }) => type)).toEqual(events.map(({ type }) => type))
    expect(repaired).toContain('null')
  })
})

describe('a native response', () => {
  const response = { id: 'r', status: 'in_progress', output: [] }
  const created = { type: 'response.created', response }
  const completed = { type: 'response.completed', response: { ...response, status: 'completed' } }
  const contract = () => new ResponsesContract({ label, secrets: ['10.0.0.9:80'] }, () => true)
  const types = (events: readonly Event[]) => events.map(({ type }) => type)

  it('is created once, though it is told twice, or not at all', () => {
    const twice = forward([created, created, completed], contract())
    expect(types(twice.told)).toEqual(['response.created', 'response.completed'])
    expect(twice.repaired).toEqual(['response'])
    const never = forward([{ type: 'response.in_progress', response }, completed], contract())
    expect(types(never.told)).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ])
    expect(never.repaired).toEqual(['response'])
  })

  it('gets the places of its events, as llama-server leaves them out', () => {
    const at = (type: string, fields: object) => ({ type: `response.${type}`, ...fields })
    const thought = { id: 'rs', type: 'reasoning' }
    const message = { id: 'msg', type: 'message' }
    const call = { call_id: 'fc_1', type: 'function_call' }
    const events = [
      created,
      at('output_item.added', { item: thought }),
      at('reasoning_text.delta', { item_id: 'rs', delta: 'hm' }),
      at('output_item.added', { item: message }),
      at('content_part.added', { item_id: 'msg', part: {} }),
      at('output_text.delta', { item_id: 'msg', delta: 'a' }),
      at('content_part.added', { item_id: 'msg', part: {} }),
      at('output_text.delta', { item_id: 'msg', delta: 'b' }),
      at('output_item.added', { item: call }),
      at('output_item.added', { item: { ...call, call_id: 'fc_2' } }),
      at('function_call_arguments.delta', { item_id: 'fc_1', delta: '{}' }),
      at('output_item.done', { item: thought }),
      at('output_item.done', { item: message }),
      at('output_item.done', { item: { ...call, id: 'fc_1' } }),
      completed,
    ]
    const { told, repaired, error } = forward(events, contract())
    expect(error).toBeUndefined()
    const places = told.slice(1, -1).map(({ output_index, content_index }) => {
      return content_index === undefined ? [output_index] : [output_index, content_index]
    })
    expect(places).toEqual([
      ...[[0], [0, 0], [1], [1, 0], [1, 0], [1, 1], [1, 1], [2], [3], [2], [0], [1], [2]],
    ])
    expect(repaired).toEqual(['index'])
  })

  it('keeps the places that it has, and events that have none', () => {
    const added = { type: 'response.output_item.added', output_index: 0, item: { type: 'x' } }
    const part = {
      type: 'response.reasoning_summary_text.delta',
      output_index: 0,
      summary_index: 3,
    }
    const events = [
      created,
      added,
      part,
      { type: 'response.own', x: 1 },
      { type: 'x-y/z' },
      completed,
    ]
    const { told, repaired } = forward(events, contract())
    expect(told).toEqual(events)
    expect(repaired).toEqual([])
  })

  it('passes events of unknown types as they are, whatever places they name', () => {
    const item = { type: 'message', id: 'i' }
    const events = [
      created,
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.own.note', item_id: 'i', note: 1 },
      { type: 'response.own.note', output_index: 9 },
      { type: 'response.__proto__.note', item_id: 'i' },
      { type: 'own.note', detail: 'x', error: 'y' },
      completed,
    ]
    const { told, repaired, error } = forward(events, contract())
    expect(error).toBeUndefined()
    expect(told).toEqual(events)
    expect(repaired).toEqual([])
  })

  it('passes keepalives, but none before its creation', () => {
    const keepalive = { type: 'keepalive', sequence_number: 3 }
    const { told, repaired } = forward(
      [keepalive, created, keepalive, completed],
      contract(),
      'data: null\n\n',
    )
    expect(told).toEqual([created, keepalive, completed])
    expect(repaired).toEqual(['null'])
  })

  it('fails in the words of its upstream, without its address', () => {
    const error = { code: 'server_error', message: 'CUDA at 10.0.0.9:80' }
    const failed = { type: 'response.failed', response: { ...response, status: 'failed', error } }
    const alone = forward([created, failed], contract())
    const shown = { ...error, message: 'CUDA at …' }
    expect(alone.told).toEqual([
      created,
      { ...failed, response: { ...failed.response, error: shown } },
    ])
    expect(alone.error).toMatchObject({ status: 502, code: 'server_error' })
    const both = forward([created, { type: 'error', ...error }, failed], contract())
    expect(both.told[1]).toEqual({ type: 'error', ...shown, param: null })
    expect(types(both.told)).toEqual(['response.created', 'error', 'response.failed'])
    expect(both.error).toMatchObject({ code: 'server_error' })
  })

  it('fails where it goes on after an error, or ends', () => {
    const error = { type: 'error', code: 'busy', message: 'No.' }
    for (const rest of [[], [completed]]) {
      const { told, error: failure } = forward([created, error, ...rest], contract())
      expect(types(told)).toEqual(['response.created', 'error'])
      expect(failure).toMatchObject({ code: 'busy' })
    }
  })

  it('has an error for an answer where it fails before its creation', () => {
    const { told, error } = forward([{ type: 'error', code: 'busy', message: 'No.' }], contract())
    expect(told).toEqual([])
    expect(error).toMatchObject({ status: 502, code: 'busy' })
  })
})
