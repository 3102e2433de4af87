import { describe, expect, it } from 'vitest'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { checkCompletion } from '../../../../src/wire/contract/chat-answer.ts'
import { TextContract } from '../../../../src/wire/contract/completions.ts'
import { checkTextCompletion } from '../../../../src/wire/contract/completions-answer.ts'
import { checkEmbeddings } from '../../../../src/wire/contract/embeddings-answer.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import { checkMessage } from '../../../../src/wire/contract/messages-answer.ts'
import { ResponsesContract } from '../../../../src/wire/contract/responses.ts'
import { checkResponse } from '../../../../src/wire/contract/responses-answer.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'

const own = { label: 'x', usage: true }
const errors = new EngineErrors(own)
const bad = ['lots', -5, 0.5, 1e15, Number.POSITIVE_INFINITY].map((value) => [value])

const envelope = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
const choice = { index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }

describe.each(bad)('a count of %d is not passed on', (count) => {
  const counts = { prompt_tokens: count, completion_tokens: 1, total_tokens: 2 }

  it('in a chunk of its own', () => {
    const contract = new ChatContract(own)
    contract.check({ ...envelope, choices: [choice] })
    expect(contract.check({ ...envelope, choices: [], usage: counts })).toBe('drop')
    expect(contract.end('done')).toEqual([])
    expect([contract.usage, [...contract.repaired]]).toEqual([undefined, ['usage']])
  })

  it('in a chunk with content, which stays', () => {
    const contract = new ChatContract(own)
    const chunk = { ...envelope, choices: [structuredClone(choice)], usage: counts }
    expect(contract.check(chunk)).toBe('changed')
    expect(chunk).toEqual({ ...envelope, choices: [choice] })
  })

  it('nor hides the true one that came before', () => {
    const contract = new ChatContract(own)
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    contract.check({ ...envelope, choices: [choice] })
    expect(contract.check({ ...envelope, choices: [], usage })).toBe('hold')
    expect(contract.check({ ...envelope, choices: [], usage: counts })).toBe('drop')
    expect(contract.end('done')).toMatchObject([{ usage }])
  })

  it('as the total alone, which becomes the sum', () => {
    const contract = new ChatContract(own)
    contract.check({ ...envelope, choices: [choice] })
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: count }
    expect(contract.check({ ...envelope, choices: [], usage })).toBe('hold-changed')
    expect(contract.end('done')).toMatchObject([{ usage: { total_tokens: 7 } }])
  })

  it('in whole answers', () => {
    const completion = {
      ...envelope,
      choices: [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }],
      usage: counts,
    }
    expect(checkCompletion(completion, new ChatContract(own))).toEqual(['usage'])
    expect(completion).not.toHaveProperty('usage')
    const text = { ...envelope, choices: [{ index: 0, text: 'a', finish_reason: 'stop' }] }
    const texts = { ...text, usage: counts }
    expect(checkTextCompletion(texts, new TextContract(own))).toEqual(['usage'])
    expect(texts).not.toHaveProperty('usage')
    const vectors = { data: [{ index: 0, embedding: [1] }], usage: counts }
    const checked = checkEmbeddings(vectors, { input: 'a' }, errors)
    expect(checked).toEqual({ repaired: ['usage'], usage: undefined })
    expect(vectors).not.toHaveProperty('usage')
  })

  it('in a message and its events, where an unknown count is 0', () => {
    const usage = { input_tokens: count, output_tokens: 2 }
    const content = [{ type: 'text', text: 'a' }]
    const message = { type: 'message', role: 'assistant', content, stop_reason: 'end_turn', usage }
    const whole = structuredClone(message)
    expect(checkMessage(whole, errors)).toMatchObject({ usage: undefined, repaired: ['usage'] })
    expect(whole.usage).toEqual({ input_tokens: 0, output_tokens: 2 })
    const contract = new MessagesContract(own)
    const start = { type: 'message_start', message: structuredClone(message) }
    expect(contract.check(start)).toBe('changed')
    expect(start.message.usage).toEqual({ input_tokens: 0, output_tokens: 2 })
    const delta = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: count },
    }
    expect(contract.check(delta)).toBe('changed')
    expect(delta.usage).toEqual({ output_tokens: 0 })
    expect([contract.usage, contract.repaired.has('usage')]).toEqual([undefined, true])
  })

  it('in a response and its last event, whose usage is null', () => {
    const usage = { input_tokens: 1, output_tokens: count, total_tokens: 2 }
    const response = { status: 'completed', output: [], usage: usage as unknown }
    const whole = { ...response }
    expect(checkResponse(whole, errors)).toMatchObject({ usage: undefined, repaired: ['usage'] })
    expect(whole.usage).toBeNull()
    const contract = new ResponsesContract(own, () => true)
    contract.check({ type: 'response.created', response: {} })
    expect(contract.check({ type: 'response.completed', response })).toBe('last-changed')
    expect(response.usage).toBeNull()
    expect([contract.usage, contract.repaired.has('usage')]).toEqual([undefined, true])
  })
})
