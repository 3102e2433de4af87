import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResponsesContract } from '../../../../src/wire/contract/responses.ts'
import { checkResponse } from '../../../../src/wire/contract/responses-answer.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'
import type { ResponseEvent } from '../../../../src/wire/responses/answer.ts'

const response = { id: 'r', object: 'response', status: 'in_progress', output: [] }
const created = { type: 'response.created', response }
const added = (output_index: number) => ({
  type: 'response.output_item.added',
  output_index,
  item: { type: 'message', id: `m${output_index}` },
})
const done = (output_index: number) => ({
  ...added(output_index),
  type: 'response.output_item.done',
})
const delta = (output_index: number) => ({
  type: 'response.output_text.delta',
  output_index,
  content_index: 0,
  delta: 'x',
})
const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 }
const completed = { type: 'response.completed', response: { ...response, usage } }

/** Plays a stream, and ends it; the events that were passed on. */
function play(events: unknown[], ending: 'done' | 'end' | 'reset' = 'end') {
  const told: ResponseEvent[] = []
  const adopt = (event: ResponseEvent) => {
    told.push(event)
    return true
  }
  const contract = new ResponsesContract({ label: 'gpu' }, adopt)
  const verdicts = structuredClone(events).map((event) => contract.check(event))
  contract.end(ending)
  return { contract, told, verdicts }
}

function failureOf(events: unknown[], ending?: 'done' | 'end' | 'reset'): ApiError {
  try {
    play(events, ending)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error(`accepted: ${JSON.stringify(events)}`)
}

describe('a stream of an upstream that speaks the API', () => {
  it('passes from its creation to its end', () => {
    const events = [created, added(0), delta(0), added(1), delta(0), done(0), done(1), completed]
    const { contract, told, verdicts } = play(events, 'done')
    expect(told).toEqual(events)
    expect(verdicts.at(-1)).toBe('last-changed')
    expect(contract.finished).toBe(true)
    expect(contract.tokens).toBe(5)
    expect(contract.usage).toMatchObject({
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
    })
  })

  it('may have events that nobody knows, and signs of life', () => {
    const other = { type: 'response.web_search_call.searching', output_index: 0, item_id: 'w' }
    const events = [
      created,
      added(0),
      other,
      { type: 'keepalive' },
      { type: 'own.event' },
      completed,
    ]
    expect(play(events).told.map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_item.added',
      'response.web_search_call.searching',
      'keepalive',
      'own.event',
      'response.completed',
    ])
  })

  it.each<[string, unknown[], string]>([
    ['no event', ['x'], 'upstream_invalid'],
    ['no type', [{}], 'upstream_invalid'],
    ['a type that is no word', [{ type: 'a\nb' }], 'upstream_invalid'],
    ['a state without its response', [{ type: 'response.created' }], 'upstream_invalid'],
    [
      'an end without output',
      [created, { type: 'response.completed', response: {} }],
      'upstream_invalid',
    ],
    ['an item out of turn', [created, added(1)], 'upstream_invalid'],
    ['an item without a type', [created, { ...added(0), item: {} }], 'upstream_invalid'],
    ['a delta of no item', [created, delta(0)], 'upstream_invalid'],
    ['a delta of an item that is done', [created, added(0), done(0), delta(0)], 'upstream_invalid'],
    ['an item that is done twice', [created, added(0), done(0), done(0)], 'upstream_invalid'],
    [
      'a done item without itself',
      [created, added(0), { ...done(0), item: null }],
      'upstream_invalid',
    ],
    ['an error', [created, { type: 'error', message: 'No.', code: 'busy' }], 'busy'],
    [
      'a nested error',
      [created, { type: 'error', error: { message: 'No.', code: 'busy' } }],
      'busy',
    ],
    [
      'an error as vLLM writes it',
      [created, { object: 'error', type: 'BadRequestError', message: 'No.', code: 'busy' }],
      'busy',
    ],
    ['an error of another API', [{ error: { message: 'No.', code: 'busy' } }], 'busy'],
    [
      'a failure',
      [created, { type: 'response.failed', response: { error: { message: 'No.', code: 'busy' } } }],
      'busy',
    ],
    ['a failure without a reason', [created, { type: 'response.failed' }], 'upstream_error'],
    ['no end', [created, added(0), done(0)], 'upstream_truncated'],
    ['nothing', [], 'upstream_truncated'],
  ])('fails with %s', (_, events, code) => {
    expect(failureOf(events)).toMatchObject({ status: 502, code })
  })

  it('fails where it stops by [DONE] before its end', () => {
    expect(failureOf([created], 'done')).toMatchObject({ code: 'upstream_incomplete' })
    expect(failureOf([created], 'reset')).toMatchObject({ code: 'upstream_truncated' })
  })

  it('never fails in another way, whatever comes', () => {
    const event = fc.oneof(
      fc.constantFrom(created, added(0), added(1), delta(0), done(0), completed),
      fc.record({ type: fc.string(), output_index: fc.jsonValue(), item: fc.jsonValue() }),
      fc.jsonValue(),
    )
    const property = fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      try {
        play(events)
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError)
        expect((error as ApiError).status).toBe(502)
      }
    })
    fc.assert(property, { numRuns: 300 })
  })
})

describe('a whole response of such an upstream', () => {
  const errors = new EngineErrors({ label: 'gpu' })
  const whole = { ...response, status: 'completed', model: 'm', usage }

  it('is taken, with what it counted', () => {
    const answer = checkResponse(whole, errors)
    expect(answer).toMatchObject({ model: 'm', usage: { total_tokens: 7 } })
    expect(checkResponse({ ...whole, status: 'incomplete', error: null }, errors)).toBeDefined()
  })

  it.each([
    [[], 'upstream_invalid'],
    [{ error: { message: 'No.', code: 'busy' } }, 'busy'],
    [{ ...whole, output: [{}] }, 'upstream_invalid'],
    [{ ...whole, output: null }, 'upstream_invalid'],
    [{ ...whole, status: 'in_progress' }, 'upstream_incomplete'],
    [{ ...whole, status: 'failed', error: { message: 'No.', code: 'busy' } }, 'busy'],
    [{ ...whole, status: 'cancelled', error: null }, 'upstream_error'],
  ])('%j is refused', (value, code) => {
    expect(() => checkResponse(value, errors)).toThrow(
      expect.objectContaining({ status: 502, code }),
    )
  })
})
