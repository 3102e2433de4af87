import { describe, expect, it } from 'vitest'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { chunk, codeOf, contract, ends, says, USAGE } from './judging.ts'

describe('a stream as it should be', () => {
  it('passes untouched and owes nothing', () => {
    const stream = contract({ usage: true })
    expect(stream.check(says('a'))).toBe('same')
    expect(stream.check(ends('stop'))).toBe('same')
    expect(stream.check(chunk([], { usage: USAGE }))).toBe('hold')
    expect(stream.end('done')).toEqual([chunk([], { usage: USAGE })])
    expect([...stream.repaired]).toEqual([])
    expect(stream).toMatchObject({
      id: 'c1',
      model: 'm',
      usage: USAGE,
      tokens: 2,
      finished: true,
    })
  })

  it.each([
    ['a drifting created', [says('a'), says('b', { created: 1_800_000_009 })]],
    ['usage: null', [says('a', { usage: null })]],
    ['unknown fields', [says('a', { timings: { ms: 1 } })]],
    ['no choices and no id', [chunk([], { id: '', prompt_filter_results: [] }), says('a')]],
    [
      'an empty delta after the finish',
      [says('a'), ends('stop'), chunk([{ index: 0, delta: { content: '' }, finish_reason: null }])],
    ],
    [
      'content and finish in one',
      [chunk([{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }])],
    ],
    [
      'a missing finish_reason',
      [chunk([{ index: 0, delta: { role: 'assistant', content: 'a' } }])],
    ],
  ])('passes %s', (_name, chunks) => {
    const stream = contract()
    for (const each of chunks) expect(stream.check(each)).toBe('same')
    expect([...stream.repaired]).toEqual([])
  })
})

describe('what is repaired', () => {
  it.each([
    ['', null],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
  ])('finish_reason %j becomes %j', (came, expected) => {
    const stream = contract()
    stream.check(says('a'))
    const last = ends(came)
    expect(stream.check(last)).toBe('changed')
    expect(last.choices).toMatchObject([{ finish_reason: expected }])
    expect([...stream.repaired]).toEqual(['finish_reason'])
  })

  it('keeps the first of two finish reasons', () => {
    const stream = contract()
    stream.check(says('a'))
    stream.check(ends('tool_calls'))
    const second = ends('stop')
    expect(stream.check(second)).toBe('changed')
    expect(second.choices).toMatchObject([{ finish_reason: null }])
  })

  it('adds a missing role to the first delta of each choice', () => {
    const stream = contract()
    const first = chunk([{ index: 0, delta: { content: 'a' }, finish_reason: null }])
    expect(stream.check(first)).toBe('changed')
    expect(first.choices).toMatchObject([{ delta: { role: 'assistant', content: 'a' } }])
    expect(stream.check(chunk([{ index: 0, delta: { content: 'b' }, finish_reason: null }]))).toBe(
      'same',
    )
  })

  it('turns milliseconds into seconds', () => {
    const stream = contract()
    const first = says('a', { created: 1_800_000_000_123 })
    expect(stream.check(first)).toBe('changed')
    expect(first).toMatchObject({ created: 1_800_000_000 })
    expect([...stream.repaired]).toEqual(['created'])
  })

  it('gives reasoning the one name that was asked for', () => {
    const stream = contract({ reasoning: 'reasoning_content' })
    const first = chunk([
      { index: 0, delta: { role: 'assistant', reasoning: 'hm' }, finish_reason: null },
    ])
    expect(stream.check(first)).toBe('changed')
    expect(first.choices).toMatchObject([{ delta: { reasoning_content: 'hm' } }])
    expect(JSON.stringify(first)).not.toContain('"reasoning":')
  })

  it("takes the client's [DONE] from a stream that only forgot it", () => {
    for (const ending of ['end', 'reset'] as const) {
      const stream = contract()
      stream.check(says('a'))
      stream.check(ends('stop'))
      expect(stream.end(ending)).toEqual([])
      expect([...stream.repaired]).toEqual(['done'])
    }
  })

  it('ends what an upstream left open that needs no finish reason, at its [DONE] alone', () => {
    const finishReason = { missing: 'stop', sent: () => {} } as const
    const stream = contract({ finishReason })
    stream.check(says('a'))
    expect(stream.end('done')).toEqual([ends('stop')])
    const broken = contract({ finishReason })
    broken.check(says('a'))
    expect(codeOf(() => broken.end('end'))).toBe('upstream_truncated')
  })
})

describe('usage', () => {
  it('is taken out where it was not asked for, and no repair where sluice asked', () => {
    const own = contract({ usageRequested: true })
    own.check(says('a'))
    own.check(ends('stop'))
    expect(own.check(chunk([], { usage: USAGE }))).toBe('drop')
    expect([...own.repaired]).toEqual([])
    const unasked = contract()
    const first = says('a', { usage: USAGE })
    expect(unasked.check(first)).toBe('changed')
    expect('usage' in first).toBe(false)
    expect([...unasked.repaired]).toEqual(['usage'])
  })

  it('on every chunk is gathered, and given once at the end', () => {
    const stream = contract({ usage: true })
    for (const completion_tokens of [1, 2]) {
      expect(stream.check(says('a', { usage: { ...USAGE, completion_tokens } }))).toBe('changed')
    }
    stream.check(ends('stop'))
    expect(stream.end('done')).toEqual([chunk([], { usage: USAGE })])
  })

  it('is given once, though it came twice: the last one', () => {
    const stream = contract({ usage: true })
    stream.check(says('a'))
    stream.check(ends('stop'))
    expect(stream.check(chunk([], { usage: { ...USAGE, total_tokens: 1 } }))).toBe('hold')
    expect(stream.check(chunk([], { usage: USAGE, timings: 1 }))).toBe('hold')
    expect(stream.end('done')).toEqual([chunk([], { usage: USAGE, timings: 1 })])
    expect([...stream.repaired]).toEqual(['usage'])
  })

  it('comes last, whatever an upstream says after it', () => {
    const stream = contract({ usage: true, choices: 2 })
    stream.check(says('a'))
    stream.check(ends('stop'))
    expect(stream.check(chunk([], { usage: USAGE }))).toBe('hold')
    const second = { index: 1, delta: { role: 'assistant', content: 'b' }, finish_reason: 'stop' }
    expect(stream.check(chunk([second]))).toBe('same')
    expect(stream.end('done')).toEqual([chunk([], { usage: USAGE })])
  })

  it('is never made up', () => {
    const stream = contract({ usage: true })
    stream.check(says('a'))
    stream.check(ends('stop'))
    expect(stream.end('done')).toEqual([])
  })
})

describe('a heartbeat', () => {
  it('says who speaks, where no choice has begun', () => {
    const stream = contract()
    stream.check(chunk([], { id: '', prompt_filter_results: [] }))
    expect(stream.heartbeatChunk().choices).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
    ])
  })

  it('says nothing of an open choice', () => {
    const stream = contract()
    stream.check(says('a'))
    stream.check(chunk([{ index: 1, delta: { role: 'assistant' }, finish_reason: null }]))
    stream.check(ends('stop'))
    expect(stream.heartbeatChunk()).toEqual(chunk([{ index: 1, delta: {}, finish_reason: null }]))
  })

  it('begins no choice of its own, where the only one seen has finished', () => {
    const stream = contract({ choices: 2 })
    const delta = { role: 'assistant', content: 'a' }
    stream.check(chunk([{ index: 1, delta, finish_reason: 'stop' }]))
    expect(stream.heartbeatChunk()).toEqual(chunk([{ index: 1, delta: {}, finish_reason: null }]))
  })
})

it('takes any field of a delta but the role for progress', () => {
  const stream = contract()
  const say = (delta: object) => stream.check(chunk([{ index: 0, delta, finish_reason: null }]))
  say({ role: 'assistant', content: '', tool_calls: [], audio: null })
  expect(stream.tokens).toBe(0)
  say({ thinking: 'hm' })
  expect(stream.tokens).toBe(1)
})

it('tells a client neither key nor address of the engine, and not too much', () => {
  const stream = contract({ secrets: ['sk-secret', '127.0.0.1:11434'] })
  const message = `Bad key sk-secret at 127.0.0.1:11434. ${'x'.repeat(10_000)}`
  try {
    stream.check({ error: { message } })
  } catch (error) {
    expect((error as ApiError).message).toContain('Bad key … at ….')
    expect((error as ApiError).message.length).toBeLessThan(600)
  }
  expect.assertions(2)
})
