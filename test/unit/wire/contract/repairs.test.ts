import { describe, expect, it } from 'vitest'
import { ChatContract, type ContractOptions } from '../../../../src/wire/contract/chat.ts'
import { checkCompletion } from '../../../../src/wire/contract/chat-answer.ts'
import { TextContract } from '../../../../src/wire/contract/completions.ts'
import { checkTextCompletion } from '../../../../src/wire/contract/completions-answer.ts'
import type { ApiError } from '../../../../src/wire/errors/api-error.ts'

const USAGE = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }

function contract(options: Partial<ContractOptions> = {}) {
  return new ChatContract({ label: 'gpu', ...options })
}

function textContract(options: Partial<ContractOptions> = {}) {
  return new TextContract({ label: 'gpu', ...options })
}

function chunk(choices: unknown[], more: Record<string, unknown> = {}) {
  const object = 'chat.completion.chunk'
  return { id: 'c1', object, created: 1_800_000_000, model: 'm', choices, ...more }
}

function says(delta: object, more: Record<string, unknown> = {}) {
  const choice = { index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }
  return chunk([choice], more)
}

const stop = () => chunk([{ index: 0, delta: {}, finish_reason: 'stop' }])

function whole(message: object) {
  return { ...chunk([{ index: 0, message, finish_reason: 'stop' }]), object: 'chat.completion' }
}

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as ApiError).message
  }
  return 'it did not fail'
}

describe('the identity of a stream', () => {
  it('is that of its first chunk, in a chat', () => {
    const stream = contract()
    expect(stream.check(says({ content: 'a' }, { id: '', model: '' }))).toBe('same')
    expect(stream.check(says({ content: 'b' }))).toBe('same')
    const other = says({ content: 'c' }, { id: 'c2', model: 'other' })
    expect(stream.check(other)).toBe('changed')
    expect(other).toMatchObject({ id: 'c1', model: 'm' })
    expect(stream).toMatchObject({ id: 'c1', model: 'm' })
    expect([...stream.repaired]).toEqual(['id', 'model'])
    expect(stream.check(says({ content: 'd' }))).toBe('same')
  })

  it('is that of its first chunk, in a text completion', () => {
    const stream = textContract()
    const say = (id: string) => ({ id, model: 'm', choices: [{ index: 0, text: 'a' }] })
    expect(stream.check(say('t1'))).toBe('same')
    const other = say('t2')
    expect(stream.check(other)).toBe('changed')
    expect(other.id).toBe('t1')
    expect([...stream.repaired]).toEqual(['id'])
  })

  it('has a string for an id that is a number', () => {
    const stream = contract()
    const first = says({ content: 'a' }, { id: 17 })
    expect(stream.check(first)).toBe('changed')
    expect(first.id).toBe('17')
    const second = says({ content: 'b' }, { id: 18 })
    stream.check(second)
    expect(second.id).toBe('17')
    expect([...stream.repaired]).toEqual(['id'])
  })
})

it('is whole seconds when a stream was created, though its server counts fractions', () => {
  const stream = contract()
  const first = says({ content: 'a' }, { created: 1_800_000_000.75 })
  expect(stream.check(first)).toBe('changed')
  expect(first.created).toBe(1_800_000_000)
  expect([...stream.repaired]).toEqual(['created'])
})

describe('content as parts', () => {
  const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], closed: true }
  const parts = [thinking, { type: 'text', text: 'a' }, { type: 'text', text: 'b' }]

  it('becomes text and reasoning, in a stream', () => {
    const stream = contract()
    const came = says({ content: parts })
    expect(stream.check(came)).toBe('changed')
    expect(came.choices).toEqual([
      {
        index: 0,
        delta: { role: 'assistant', content: 'ab', reasoning_content: 'hm' },
        finish_reason: null,
      },
    ])
    expect([...stream.repaired]).toEqual(['parts'])
    expect(stream.tokens).toBe(1)
  })

  it('becomes reasoning under the name that was asked for', () => {
    const stream = contract({ reasoning: 'reasoning' })
    const came = says({ content: [thinking] })
    stream.check(came)
    expect(came.choices).toMatchObject([{ delta: { reasoning: 'hm' } }])
    expect(JSON.stringify(came)).not.toContain('"content"')
  })

  it('becomes text and reasoning, in a whole answer', () => {
    const came = whole({ role: 'assistant', content: parts })
    expect(checkCompletion(came, contract())).toEqual(['parts'])
    expect(came.choices).toMatchObject([
      { message: { role: 'assistant', content: 'ab', reasoning_content: 'hm' } },
    ])
    const thought = whole({ role: 'assistant', content: [thinking] })
    checkCompletion(thought, contract())
    expect(thought.choices).toMatchObject([{ message: { content: null } }])
  })

  it('takes plain strings, refusals and thinking that is one text', () => {
    const stream = contract()
    const came = says({
      content: [
        'a',
        { type: 'output_text', text: 'b' },
        { type: 'refusal', refusal: 'no' },
        { type: 'thinking', thinking: 'hm' },
        { type: 'reasoning', text: '!' },
      ],
    })
    stream.check(came)
    expect(came.choices).toMatchObject([
      { delta: { content: 'ab', refusal: 'no', reasoning_content: 'hm!' } },
    ])
  })

  it('keeps parts of other types in a field of their own, so that nothing is lost', () => {
    const stream = contract()
    const reference = { type: 'reference', reference_ids: [1, 2] }
    const came = says({ content: [{ type: 'text', text: 'a' }, reference] })
    stream.check(came)
    expect(came.choices).toMatchObject([{ delta: { content: 'a', content_parts: [reference] } }])
  })

  it('counts as content: none may follow the finish', () => {
    const stream = contract()
    stream.check(says({ content: parts }))
    stream.check(stop())
    expect(messageOf(() => stream.check(says({ content: parts })))).toContain('after a finish')
  })

  it('fails where a part is none', () => {
    const expected = 'sent content whose part 1 is neither a text nor an object with a type'
    expect(messageOf(() => contract().check(says({ content: ['a', 7] })))).toContain(expected)
    const came = whole({ role: 'assistant', content: [{ type: 'text', text: 'a' }, {}] })
    expect(messageOf(() => checkCompletion(came, contract()))).toContain(expected)
  })
})

describe('fields of a server on the chunk with usage', () => {
  const counted = () => chunk([], { usage: USAGE, timings: { ms: 1 }, system_fingerprint: 'b1' })

  it('stay where usage is left out because the client did not ask for it', () => {
    const stream = contract({ usageRequested: true })
    stream.check(says({ content: 'a' }))
    stream.check(stop())
    const last = counted()
    expect(stream.check(last)).toBe('changed')
    expect(last).toEqual(
      chunk([{ index: 0, delta: {}, finish_reason: null }], {
        timings: { ms: 1 },
        system_fingerprint: 'b1',
      }),
    )
    expect(stream.usage).toEqual(USAGE)
    expect([...stream.repaired]).toEqual([])
    expect(stream.end('done')).toEqual([])
  })

  it('stay beside usage where the client asked for it', () => {
    const stream = contract({ usage: true })
    stream.check(says({ content: 'a' }))
    stream.check(stop())
    expect(stream.check(counted())).toBe('hold')
    expect(stream.end('done')).toEqual([counted()])
  })

  it('are no reason for a chunk where a server has none', () => {
    const stream = contract({ usageRequested: true })
    stream.check(says({ content: 'a' }))
    stream.check(stop())
    const last = chunk([], { usage: USAGE, service_tier: 'default', obfuscation: 'x', extra: null })
    expect(stream.check(last)).toBe('drop')
  })
})

describe('null where an event should be', () => {
  it('is left out, in a chat and in a text completion', () => {
    for (const stream of [contract(), textContract()]) {
      expect(stream.check(null)).toBe('drop')
      expect([...stream.repaired]).toEqual(['null'])
    }
  })

  it('is no whole answer', () => {
    expect(messageOf(() => checkCompletion(null, contract()))).toContain('not a JSON object')
    expect(messageOf(() => checkTextCompletion(null, textContract()))).toContain(
      'not a JSON object',
    )
  })
})
