/** Messages streams that end without a stop_reason, from an upstream that may leave it out. */
import { describe, expect, it } from 'vitest'
import type { FinishRule } from '../../../../src/wire/contract/finish-reason.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'

type Event = { type: string; [field: string]: unknown }

const start = { type: 'message_start', message: { id: 'm', model: 'm' } }
const stop = { type: 'message_stop' }

function blockStart(content_block: object, index = 0): Event {
  return { type: 'content_block_start', index, content_block }
}

function blockDelta(delta: object, index = 0): Event {
  return { type: 'content_block_delta', index, delta }
}

function toolUse(input: readonly string[], index = 0): Event[] {
  const pieces = input.map((partial_json) =>
    blockDelta({ type: 'input_json_delta', partial_json }, index),
  )
  return [blockStart({ type: 'tool_use', id: `t${index}`, name: 'f', input: {} }, index), ...pieces]
}

interface Ended {
  contract: MessagesContract
  /** The events that were supplied, or the code of the failure. */
  end: Event[] | string | null
}

function endOf(events: Event[], missing: FinishRule['missing'] = 'stop-after-content'): Ended {
  const contract = new MessagesContract({ label: 'gpu', finishReason: { missing, sent() {} } })
  try {
    for (const event of structuredClone([start, ...events])) contract.check(event)
    return { contract, end: contract.end('done') }
  } catch (error) {
    return { contract, end: (error as ApiError).code }
  }
}

const types = (events: Event[], missing?: FinishRule['missing']) => {
  const { end } = endOf(events, missing)
  return Array.isArray(end) ? end.map(({ type }) => type) : end
}

describe('a tool call that breaks off within its input', () => {
  it.each<[string, Event[]]>([
    ['message_stop', [...toolUse(['{"path":"/home/me/pro']), stop]],
    ['[DONE]', toolUse(['{"path":', '"/home/me/pro'])],
    ['its block was stopped', [...toolUse(['{"a":"}']), { type: 'content_block_stop', index: 0 }]],
    ['a second call', [...toolUse(['{"a":']), ...toolUse(['{}'], 1), stop]],
  ])('is no finished message: %s', (_, events) => {
    expect(types(events)).toBe('upstream_incomplete')
    expect(types(events, 'stop')).toBe('upstream_incomplete')
  })

  it('is passed on where a stop_reason says that it was cut', () => {
    const limit = { type: 'message_delta', delta: { stop_reason: 'max_tokens' } }
    const { contract, end } = endOf([...toolUse(['{"path":"/ho']), limit, stop])
    expect(contract.missing).toEqual([{ type: 'content_block_stop', index: 0 }])
    expect(end).toEqual([])
  })

  it('does not concern a call whose input is whole or empty', () => {
    const ended = ['content_block_stop', 'message_delta', 'message_stop']
    expect(types([...toolUse(['{"a":"}', '"}']), stop])).toEqual(ended)
    expect(types(toolUse(['{"a":{}}']))).toEqual(ended)
    expect(types(toolUse(['']))).toEqual(ended)
    expect(types(toolUse([]))).toEqual(ended)
  })
})

describe('a message without a stop_reason', () => {
  const closed = ['content_block_stop', 'message_delta', 'message_stop']
  const words = (text: string) => blockDelta({ type: 'text_delta', text })

  it.each<[string, Event[]]>([
    ['no block', []],
    ['an empty text', [blockStart({ type: 'text', text: '' }), words('')]],
    ['an empty thought', [blockStart({ type: 'thinking', thinking: '' })]],
    [
      'a signature alone',
      [
        blockStart({ type: 'thinking', thinking: '', signature: '' }),
        blockDelta({ type: 'signature_delta', signature: 'x' }),
      ],
    ],
  ])('fails where it brought nothing: %s', (_, events) => {
    expect(types(events)).toBe('upstream_incomplete')
    expect(types([...events, stop])).toBe('upstream_incomplete')
  })

  it.each<[string, Event[]]>([
    ['a text', [blockStart({ type: 'text', text: '' }), words('a')]],
    ['a text within its start', [blockStart({ type: 'text', text: 'a' })]],
    [
      'a thought',
      [
        blockStart({ type: 'thinking', thinking: '' }),
        blockDelta({ type: 'thinking_delta', thinking: 'a' }),
      ],
    ],
    ['a block of another type', [blockStart({ type: 'redacted_thinking', data: 'x' })]],
  ])('has ended where it brought %s', (_, events) => {
    expect(types(events)).toEqual(closed)
  })

  it('has ended without any content too where a stop_reason is optional', () => {
    expect(types([stop], 'stop')).toEqual(['message_delta', 'message_stop'])
  })

  it('tells the tokens that were counted before', () => {
    const counted = {
      type: 'message_delta',
      delta: {},
      usage: { input_tokens: 5, output_tokens: 57 },
    }
    const { contract, end } = endOf([blockStart({ type: 'text', text: 'a' }), counted, stop])
    expect(end).toContainEqual(expect.objectContaining({ usage: { output_tokens: 57 } }))
    expect(contract.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 57 })
  })

  it('tells the tokens that were counted before in a last message_delta without any', () => {
    const counted = { type: 'message_delta', delta: {}, usage: { output_tokens: 57 } }
    const last: Event = { type: 'message_delta', delta: { stop_reason: 'end_turn' } }
    const contract = new MessagesContract({ label: 'gpu' })
    for (const event of [start, blockStart({ type: 'text', text: 'a' }), counted]) {
      contract.check(structuredClone(event))
    }
    contract.check(last)
    expect(last.usage).toEqual({ output_tokens: 57 })
  })
})
