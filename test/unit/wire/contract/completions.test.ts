import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  TextContract,
  type TextContractOptions,
} from '../../../../src/wire/contract/completions.ts'
import { checkTextCompletion } from '../../../../src/wire/contract/completions-answer.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

function contract(options: Partial<TextContractOptions> = {}) {
  return new TextContract({ label: 'vllm', ...options })
}

function chunk(choices: unknown[], more: Record<string, unknown> = {}) {
  return {
    id: 'c1',
    object: 'text_completion',
    created: 1_800_000_000,
    model: 'm',
    choices,
    ...more,
  }
}

function says(text: unknown, more: object = {}) {
  return chunk([{ index: 0, text, logprobs: null, finish_reason: null, ...more }])
}

function ends(finish_reason: unknown, index = 0) {
  return chunk([{ index, text: '', logprobs: null, finish_reason }])
}

function codeOf(work: () => unknown): string | null {
  try {
    work()
  } catch (error) {
    expect((error as ApiError).status).toBe(502)
    expect((error as ApiError).message).toContain('vllm')
    return (error as ApiError).code
  }
  throw new Error('it did not fail')
}

describe('a stream as it should be', () => {
  it('passes untouched and owes nothing', () => {
    const stream = contract({ usage: true })
    expect(stream.check(says('a'))).toBe('same')
    expect(stream.check(ends('stop'))).toBe('same')
    expect(stream.isComplete).toBe(true)
    expect(stream.check(chunk([], { usage: USAGE }))).toBe('hold')
    expect(stream.end('done')).toEqual([chunk([], { usage: USAGE })])
    expect(stream.repaired.size).toBe(0)
    expect(stream).toMatchObject({ id: 'c1', model: 'm', usage: USAGE, tokens: 2, finished: true })
  })

  it.each([
    ['a drifting created', [says('a'), { ...says('b'), created: 1_800_000_009 }]],
    ['usage: null and unknown fields', [{ ...says('a'), usage: null, timings: { ms: 1 } }]],
    ['no choices and no id', [chunk([], { id: '' }), says('a')]],
    ['text and finish in one', [says('a', { finish_reason: 'length' })]],
    ['a filtered end', [says('a'), ends('content_filter')]],
    ['an empty text after the finish', [says('a'), ends('stop'), says('')]],
    ['fields of a choice that it does not know', [says('a', { stop_reason: null })]],
    ['log probabilities', [says('a', { logprobs: { tokens: ['a'] } })]],
  ])('passes %s', (_name, chunks) => {
    const stream = contract()
    for (const each of chunks) expect(stream.check(each)).toBe('same')
    expect(stream.repaired.size).toBe(0)
  })

  it('drops usage that we asked for on our own, and that is no repair', () => {
    const stream = contract({ usageRequested: true })
    stream.check(says('a', { finish_reason: 'stop' }))
    expect(stream.check(chunk([], { usage: USAGE }))).toBe('drop')
    expect(stream.end('done')).toEqual([])
    expect(stream.repaired.size).toBe(0)
    expect(stream.usage).toEqual(USAGE)
  })
})

describe('a stream that departs from it is repaired', () => {
  it.each([
    ['finish_reason', { finish_reason: '' }, { finish_reason: null }],
    ['finish_reason', { finish_reason: 'eos' }, { finish_reason: 'stop' }],
    ['finish_reason', { finish_reason: 'max_tokens' }, { finish_reason: 'length' }],
    ['index', { index: undefined }, { index: 0 }],
    ['text', { text: undefined }, { text: '' }],
    ['text', { text: null }, { text: '' }],
  ])('%s of %j', (repair, fields, expected) => {
    const stream = contract()
    const sent = says('', fields)
    expect(stream.check(sent)).toBe('changed')
    expect(sent.choices[0]).toMatchObject(expected)
    expect([...stream.repaired]).toEqual([repair])
  })

  it('and so are milliseconds, usage beside a choice, and a missing [DONE]', () => {
    const stream = contract({ usage: true })
    const sent = chunk([{ index: 0, text: 'a', finish_reason: 'stop' }], {
      created: 1_800_000_000_000,
      usage: USAGE,
    })
    expect(stream.check(sent)).toBe('changed')
    expect(sent).toMatchObject({ created: 1_800_000_000 })
    expect(sent).not.toHaveProperty('usage')
    expect(stream.end('end')).toEqual([chunk([], { usage: USAGE })])
    expect([...stream.repaired].sort()).toEqual(['created', 'done', 'usage'])
  })

  it('and where a setting says so, a [DONE] before the finish is one', () => {
    const finishReason = { missing: 'stop', sent: () => {} } as const
    const stream = contract({ finishReason, choices: 2 })
    stream.check(
      chunk([
        { index: 0, text: 'a' },
        { index: 1, text: 'b' },
      ]),
    )
    expect(stream.end('done')).toEqual([ends('stop', 0), ends('stop', 1)])
  })
})

describe('a stream fails', () => {
  it.each([
    ['upstream_invalid', 'text that is none', [says(1)]],
    ['upstream_invalid', 'text after the finish', [ends('stop'), says('a')]],
    ['upstream_invalid', 'an unknown finish', [ends('done')]],
    ['upstream_invalid', 'a tool call', [ends('tool_calls')]],
    ['upstream_invalid', 'a choice that nobody asked for', [says('a', { index: 1 })]],
    ['upstream_invalid', 'chunks of a chat', [chunk([{ index: 0, delta: { content: 'a' } }])]],
    ['upstream_invalid', 'a whole chat', [chunk([{ index: 0, message: { content: 'a' } }])]],
    ['upstream_invalid', 'a choice that is none', [chunk([1])]],
    ['upstream_invalid', 'no choices', [{ id: 'c1' }]],
    ['upstream_invalid', 'no object', [[]]],
    ['upstream_error', 'an error', [says('a'), { error: 'out of memory' }]],
    ['upstream_error', 'a finish that is an error', [ends('error')]],
    ['engine_aborted', 'an aborted choice', [ends('abort')]],
  ])('with %s for %s', (code, _name, chunks) => {
    const stream = contract()
    expect(codeOf(() => chunks.map((each) => stream.check(each)))).toBe(code)
  })

  it.each([
    ['done', 'upstream_incomplete'],
    ['end', 'upstream_truncated'],
    ['reset', 'upstream_truncated'],
  ] as const)('where it is over by %s before its finish', (ending, code) => {
    expect(codeOf(() => contract().end(ending))).toBe(code)
    const stream = contract()
    stream.check(says('a'))
    expect(codeOf(() => stream.end(ending))).toBe(code)
    const several = contract({ prompts: 2, choices: 2 })
    several.check(ends('stop', 1))
    expect(codeOf(() => several.end(ending))).toBe(code)
  })

  it('but to a single prompt there may be fewer answers than asked for', () => {
    const stream = contract({ choices: 3 })
    stream.check(ends('stop', 0))
    expect(stream.end('done')).toEqual([])
  })
})

describe('a heartbeat', () => {
  it('is an empty text of a choice that goes on', () => {
    const stream = contract({ choices: 2, prompts: 2 })
    expect(stream.heartbeatChunk()).toMatchObject({ choices: [{ index: 0, text: '' }] })
    stream.check(says('a', { index: 1 }))
    expect(stream.heartbeatChunk()).toEqual(ends(null, 1))
    stream.check(says('a', { finish_reason: 'stop' }))
    expect(stream.heartbeatChunk()).toEqual(ends(null, 1))
  })

  it('is not there where all have ended: some clients forget how', () => {
    const stream = contract()
    stream.check(says('a', { finish_reason: 'stop' }))
    expect(stream.heartbeatChunk()).toBeUndefined()
  })
})

describe('a whole answer', () => {
  const whole = (fields: object = {}, usage: unknown = USAGE) => ({
    ...chunk([{ index: 0, text: 'a', logprobs: null, finish_reason: 'stop', ...fields }]),
    usage,
  })

  it('passes untouched, usage and all', () => {
    const answer = whole()
    expect(checkTextCompletion(answer, contract({ usage: true }))).toEqual([])
    expect(answer).toEqual(whole())
  })

  it('is repaired in place', () => {
    const answer = { ...whole({ finish_reason: 'eos' }), created: 1_800_000_000_000 }
    expect(checkTextCompletion(answer, contract()).sort()).toEqual(['created', 'finish_reason'])
    expect(answer).toEqual(whole())
  })

  it.each([
    ['upstream_invalid', null],
    ['upstream_invalid', {}],
    ['upstream_error', { error: { message: 'no' } }],
    ['upstream_incomplete', chunk([])],
    ['upstream_incomplete', whole({ finish_reason: null })],
    ['upstream_incomplete', whole({ finish_reason: '' })],
    ['upstream_invalid', whole({ index: 1 })],
    ['upstream_invalid', whole({ text: undefined, message: { content: 'a' } })],
    ['engine_aborted', whole({ finish_reason: 'abort' })],
  ])('fails with %s: %j', (code, answer) => {
    expect(codeOf(() => checkTextCompletion(answer, contract()))).toBe(code)
  })

  it('fails where a prompt has no answer, or two have the same place', () => {
    const asked = { prompts: 2, choices: 2 }
    expect(codeOf(() => checkTextCompletion(whole(), contract(asked)))).toBe('upstream_incomplete')
    const one = { index: 0, text: 'a', finish_reason: 'stop' }
    expect(codeOf(() => checkTextCompletion(chunk([one, one]), contract(asked)))).toBe(
      'upstream_invalid',
    )
  })

  it('is judged whatever it is, and every fault is an error that a client may see', () => {
    const json = fc.jsonValue({ maxDepth: 1 })
    const fields = {
      index: json,
      text: json,
      finish_reason: fc.constantFrom('stop', 'eos', '', null),
    }
    const right = fc.record({
      index: fc.constant(0),
      text: fc.string(),
      finish_reason: fc.constant('stop'),
    })
    const choice = fc.oneof(fc.record(fields, { requiredKeys: [] }), right, json)
    const answer = fc.record(
      { choices: fc.oneof(fc.array(choice, { maxLength: 2 }), json), created: json, usage: json },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), answer), (value) => {
        try {
          checkTextCompletion(value, contract())
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError)
          return
        }
        const { choices } = value as { choices: { text: unknown; finish_reason: unknown }[] }
        expect(choices).toHaveLength(1)
        expect(choices[0]?.text).toBeTypeOf('string')
        expect(choices[0]?.finish_reason).toBe('stop')
      }),
      { numRuns: 1_000 },
    )
  })
})
