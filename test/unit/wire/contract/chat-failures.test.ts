import { describe, expect, it } from 'vitest'
import type { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { chunk, codeOf, contract, ends, says } from './judging.ts'

describe('tool calls', () => {
  const call = (fields: Record<string, unknown>) => fields
  const send = (stream: ChatContract, ...tool_calls: Record<string, unknown>[]) => {
    const sent = chunk([
      { index: 0, delta: { role: 'assistant', tool_calls }, finish_reason: null },
    ])
    stream.check(sent)
    return tool_calls.map(({ index }) => index)
  }

  it('keeps right indices', () => {
    const stream = contract()
    expect(send(stream, call({ index: 0, id: 'a', type: 'function' }))).toEqual([0])
    expect(send(stream, call({ index: 0 }))).toEqual([0])
    expect(send(stream, call({ index: 1, id: 'b', type: 'function' }))).toEqual([1])
    expect(send(stream, call({ index: 0 }), call({ index: 1 }))).toEqual([0, 1])
    expect([...stream.repaired]).toEqual([])
  })

  it('tells parallel calls apart that all have the index 0', () => {
    const stream = contract()
    expect(send(stream, call({ index: 0, id: 'a', type: 'function' }))).toEqual([0])
    expect(send(stream, call({ index: 0 }))).toEqual([0])
    expect(send(stream, call({ index: 0, id: 'b', type: 'function' }))).toEqual([1])
    expect(send(stream, call({ index: 0 }))).toEqual([1])
    expect([...stream.repaired]).toEqual(['tool_index'])
  })

  it('gives indices where there are none', () => {
    const stream = contract()
    expect(send(stream, call({ id: 'a' }), call({ id: 'b' }))).toEqual([0, 1])
    expect(send(stream, call({}))).toEqual([1])
  })
})

describe('tool calls without ids', () => {
  const piece = (name: string, fields: Record<string, unknown> = {}) => ({
    function: { name, arguments: '{}' },
    ...fields,
  })
  const indices = (...deltas: Record<string, unknown>[][]) => {
    const stream = contract()
    return deltas.map((tool_calls) => {
      stream.check(
        chunk([{ index: 0, delta: { role: 'assistant', tool_calls }, finish_reason: null }]),
      )
      return tool_calls.map(({ index }) => index)
    })
  }

  it('are calls of their own within one delta', () => {
    expect(indices([piece('f'), piece('f')])).toEqual([[0, 1]])
    expect(indices([piece('f', { index: 0 }), piece('g', { index: 0 })])).toEqual([[0, 1]])
  })

  it('are told apart by their names', () => {
    expect(indices([piece('f')], [piece('g')], [{ function: { arguments: 'x' } }])).toEqual([
      [0],
      [1],
      [1],
    ])
    expect(indices([piece('f', { index: 0 })], [piece('g', { index: 0 })])).toEqual([[0], [1]])
  })

  it('may not claim an index no model counts to', () => {
    const started = performance.now()
    expect(
      indices([{ index: 4294967294, id: 'a' }], [{ index: 5, id: 'b' }], [{ id: 'c' }]),
    ).toEqual([[0], [5], [6]])
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('what fails', () => {
  it.each<[string, unknown, string]>([
    ['no object', ['x'], 'upstream_invalid'],
    ['no choices', { id: 'c1' }, 'upstream_invalid'],
    ['a choice that is none', chunk([7]), 'upstream_invalid'],
    ['a delta that is none', chunk([{ index: 0, delta: 'x' }]), 'upstream_invalid'],
    ['content that is no text', says(7 as never), 'upstream_invalid'],
    [
      'tool calls that are none',
      chunk([{ index: 0, delta: { tool_calls: 'x' } }]),
      'upstream_invalid',
    ],
    [
      'a whole completion',
      chunk([{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }]),
      'upstream_invalid',
    ],
    [
      'an old text completion',
      chunk([{ index: 0, text: 'a', finish_reason: 'stop' }]),
      'upstream_invalid',
    ],
    ['an unknown finish_reason', ends('because'), 'upstream_invalid'],
    ['abort', ends('abort'), 'engine_aborted'],
    ['error', ends('error'), 'upstream_error'],
    ['an error object', { error: { message: 'out of memory' } }, 'upstream_error'],
    ['an error text', { error: 'out of memory' }, 'upstream_error'],
    ['an error that is called so', { object: 'error', message: 'out of memory' }, 'upstream_error'],
    ['an error with choices', chunk([], { error: { message: 'x' } }), 'upstream_error'],
  ])('%s', (_name, value, code) => {
    expect(codeOf(() => contract().check(value))).toBe(code)
  })

  it('content after its finish', () => {
    const stream = contract()
    stream.check(says('a'))
    stream.check(ends('stop'))
    expect(codeOf(() => stream.check(says('b')))).toBe('upstream_invalid')
  })

  it.each([
    ['done', 'upstream_incomplete'],
    ['end', 'upstream_truncated'],
    ['reset', 'upstream_truncated'],
  ] as const)('%s before every seen choice finished', (ending, code) => {
    expect(codeOf(() => contract().end(ending))).toBe(code)
    const stream = contract()
    stream.check(
      chunk([0, 1].map((index) => ({ index, delta: { content: 'a' }, finish_reason: null }))),
    )
    stream.check(ends('stop', 1))
    expect(codeOf(() => stream.end(ending))).toBe(code)
  })

  it('by the code of its source', () => {
    expect(codeOf(() => contract({ source: 'engine' }).end('done'))).toBe('engine_incomplete')
  })
})
