import { describe, expect, it } from 'vitest'
import { FinishHistory } from '../../../../src/engines/upstream/finish-history.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { checkCompletion } from '../../../../src/wire/contract/chat-answer.ts'
import { TextContract } from '../../../../src/wire/contract/completions.ts'
import { checkTextCompletion } from '../../../../src/wire/contract/completions-answer.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

type Delta = Record<string, unknown>

/** How one stream after the other ends, of a server whose finish reasons are learnt. */
function learning(setting: 'learn' | 'required' | 'optional' = 'learn') {
  const history = new FinishHistory()
  return (deltas: Delta[], finish: string | null = null, model = 'm', choices = 1) => {
    const options = { label: 'gpu', finishReason: history.ruleFor(model, setting), choices }
    const contract = new ChatContract(options)
    for (const { index = 0, ...delta } of deltas) {
      contract.check(chunk([{ index, delta, finish_reason: null }]))
    }
    if (finish !== null) contract.check(chunk([{ index: 0, delta: {}, finish_reason: finish }]))
    return ending(() => contract.end('done').flatMap((last) => last.choices), contract.repaired)
  }
}

function chunk(choices: unknown[]) {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}

/** The finish reasons that were supplied, or the code of the failure. */
function ending(end: () => { finish_reason: unknown }[], repaired: Set<string>): unknown {
  try {
    const given = end().map(({ finish_reason: reason }) => reason)
    expect(repaired.has('finish_reason')).toBe(given.length > 0)
    return given
  } catch (error) {
    if (error instanceof ApiError) return error.code
    throw error
  }
}

const word = { role: 'assistant', content: 'a' }
const call = { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f' } }] }

describe('[DONE] without a finish reason, as it is learnt', () => {
  it('is a stop as long as none was seen', () => {
    const stream = learning()
    expect(stream([word])).toEqual(['stop'])
    expect(stream([{ reasoning_content: 'hm' }])).toEqual(['stop'])
    expect(stream([word])).toEqual(['stop'])
  })

  it('is tool_calls where calls came', () => {
    expect(learning()([word, call])).toEqual(['tool_calls'])
  })

  it('fails where the arguments of a call are cut off', () => {
    const named = (args: string) => ({
      tool_calls: [
        { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: args } },
      ],
    })
    const piece = (args: string) => ({ tool_calls: [{ index: 0, function: { arguments: args } }] })
    const stream = learning()
    expect(stream([named('{"a":'), piece('"}')])).toBe('upstream_incomplete')
    expect(stream([named('{"a":'), piece('"}"}')])).toEqual(['tool_calls'])
    expect(stream([named(''), piece('')])).toEqual(['tool_calls'])
    expect(learning('optional')([named('{"a":')])).toBe('upstream_incomplete')
    const custom = { tool_calls: [{ index: 0, id: 'c', custom: { name: 'f', input: '{' } }] }
    expect(stream([custom])).toEqual(['tool_calls'])
  })

  it('is function_call where a call in the old form came whole, and fails where it is cut', () => {
    const piece = (args: string) => ({ function_call: { arguments: args } })
    const named = { role: 'assistant', function_call: { name: 'f', arguments: '' } }
    const stream = learning()
    expect(stream([named, piece('{"a":'), piece('"}"}')])).toEqual(['function_call'])
    expect(stream([word, named])).toEqual(['function_call'])
    expect(stream([{ ...word, function_call: { arguments: '' } }])).toEqual(['stop'])
    expect(stream([named, piece('{"a":'), piece('"}')])).toBe('upstream_incomplete')
    expect(learning('optional')([named, piece('{')])).toBe('upstream_incomplete')
    expect(stream([named, piece('{')], 'length')).toEqual([])
  })

  it('fails for good once one was seen', () => {
    const stream = learning()
    expect(stream([word])).toEqual(['stop'])
    expect(stream([word], 'length')).toEqual([])
    expect(stream([word])).toBe('upstream_incomplete')
    expect(stream([word], 'stop')).toEqual([])
    expect(stream([word])).toBe('upstream_incomplete')
  })

  it('is learnt for each model', () => {
    const stream = learning()
    stream([word], 'stop', 'm')
    expect(stream([word], null, 'n')).toEqual(['stop'])
    expect(stream([word], null, 'm')).toBe('upstream_incomplete')
  })

  it('fails where a choice brought no content', () => {
    const stream = learning()
    expect(stream([])).toBe('upstream_incomplete')
    expect(stream([{ role: 'assistant', content: '' }])).toBe('upstream_incomplete')
    expect(stream([word, { index: 1, role: 'assistant' }], null, 'm', 2)).toBe(
      'upstream_incomplete',
    )
  })

  it('fails where another choice of the same stream had one', () => {
    const stream = learning()
    expect(stream([word, { index: 1, ...word }], 'stop', 'm', 2)).toBe('upstream_incomplete')
    expect(learning()([word, { index: 1, ...word }], null, 'm', 2)).toEqual(['stop', 'stop'])
  })

  it('is no excuse for an end without [DONE]', () => {
    const finishReason = new FinishHistory().ruleFor('m')
    for (const end of ['end', 'reset'] as const) {
      const contract = new ChatContract({ label: 'gpu', finishReason })
      contract.check(chunk([{ index: 0, delta: word, finish_reason: null }]))
      expect(ending(() => contract.end(end) as never, contract.repaired)).toBe('upstream_truncated')
    }
  })
})

describe('[DONE] without a finish reason, as it is set', () => {
  it('always fails where one is required', () => {
    expect(learning('required')([word])).toBe('upstream_incomplete')
  })

  it('is always a stop where it is optional', () => {
    const stream = learning('optional')
    stream([word], 'stop')
    expect(stream([word])).toEqual(['stop'])
    expect(stream([{ role: 'assistant' }])).toEqual(['stop'])
  })
})

describe('a whole answer without a finish reason', () => {
  const judged = (
    message: Delta,
    finish_reason: unknown,
    history: FinishHistory,
    setting?: 'required',
  ) => {
    const answer = { ...chunk([{ index: 0, message, finish_reason }]), object: 'chat.completion' }
    const finishReason = history.ruleFor('m', setting)
    const contract = new ChatContract({ label: 'gpu', finishReason })
    return ending(() => {
      const repaired = checkCompletion(answer, contract)
      return repaired.length > 0 ? (answer.choices as { finish_reason: unknown }[]) : []
    }, contract.repaired)
  }

  it('is held to the same in a chat', () => {
    const history = new FinishHistory()
    expect(judged(word, null, history)).toEqual(['stop'])
    expect(judged({ ...word, ...call }, undefined, history)).toEqual(['tool_calls'])
    expect(judged({ role: 'assistant', content: null }, null, history)).toBe('upstream_incomplete')
    expect(judged(word, 'stop', history)).toEqual([])
    expect(judged(word, null, history)).toBe('upstream_incomplete')
    expect(judged(word, null, new FinishHistory(), 'required')).toBe('upstream_incomplete')
  })

  it('is held to the same where it calls', () => {
    const history = new FinishHistory()
    const old = (args: string) => ({
      role: 'assistant',
      function_call: { name: 'f', arguments: args },
    })
    const called = (args: string) => ({
      role: 'assistant',
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: args } }],
    })
    expect(judged(old('{"a":"}"}'), null, history)).toEqual(['function_call'])
    expect(judged({ ...word, ...old('') }, null, history)).toEqual(['function_call'])
    expect(judged({ ...word, function_call: { name: '', arguments: '' } }, null, history)).toEqual([
      'stop',
    ])
    expect(judged(old('{"a":"}'), null, history)).toBe('upstream_incomplete')
    const empty = { role: 'assistant', function_call: { name: '', arguments: '' } }
    expect(judged(empty, null, history)).toBe('upstream_incomplete')
    expect(judged(called('{"a":{}}'), null, history)).toEqual(['tool_calls'])
    expect(judged(called('{"a":{}'), null, history)).toBe('upstream_incomplete')
    expect(judged(old('{'), 'length', history)).toEqual([])
  })

  it('is held to the same in a text completion', () => {
    const history = new FinishHistory()
    const text = (text: string, finish_reason: unknown) => {
      const answer = chunk([{ index: 0, text, finish_reason }])
      const contract = new TextContract({ label: 'gpu', finishReason: history.ruleFor('m') })
      return ending(() => {
        const repaired = checkTextCompletion(answer, contract)
        return repaired.length > 0 ? (answer.choices as { finish_reason: unknown }[]) : []
      }, contract.repaired)
    }
    expect(text('a', null)).toEqual(['stop'])
    expect(text('', null)).toBe('upstream_incomplete')
    expect(text('a', 'length')).toEqual([])
    expect(text('a', null)).toBe('upstream_incomplete')
  })
})

it('holds a text completion’s stream to the same', () => {
  const finishReason = new FinishHistory().ruleFor('m')
  const say = (text: string, finish_reason: string | null) => {
    const contract = new TextContract({ label: 'gpu', finishReason })
    contract.check(chunk([{ index: 0, text, finish_reason }]))
    return ending(() => contract.end('done').flatMap(({ choices }) => choices), contract.repaired)
  }
  expect(say('', null)).toBe('upstream_incomplete')
  expect(say('a', null)).toEqual(['stop'])
  expect(say('a', 'stop')).toEqual([])
  expect(say('a', null)).toBe('upstream_incomplete')
})

it('holds a native message’s stop_reason to the same', () => {
  const finishReason = new FinishHistory().ruleFor('m')
  const tell = (block: object | undefined, reason?: string) => {
    const contract = new MessagesContract({ label: 'gpu', finishReason })
    contract.check({ type: 'message_start', message: { id: 'm', model: 'm' } })
    if (block) {
      contract.check({ type: 'content_block_start', index: 0, content_block: block })
      contract.check({ type: 'content_block_stop', index: 0 })
    }
    if (reason) contract.check({ type: 'message_delta', delta: { stop_reason: reason } })
    try {
      contract.check({ type: 'message_stop' })
      return contract.end('done').map((event) => (event.delta as Delta)?.stop_reason ?? event.type)
    } catch (error) {
      return (error as ApiError).code
    }
  }
  const text = { type: 'text', text: 'a' }
  expect(tell(undefined)).toBe('upstream_incomplete')
  expect(tell({ type: 'text', text: '' })).toBe('upstream_incomplete')
  expect(tell(text)).toEqual(['end_turn', 'message_stop'])
  expect(tell({ type: 'tool_use', id: 't', name: 'f', input: {} })).toEqual([
    'tool_use',
    'message_stop',
  ])
  expect(tell(text, 'end_turn')).toEqual([])
  expect(tell(text)).toBe('upstream_incomplete')
})

it('forgets nothing where a client names very many models', () => {
  const history = new FinishHistory()
  for (let at = 0; at < 2000; at++) history.ruleFor(`m${at}`).sent()
  expect(history.ruleFor('m0').missing).toBe('failure')
  expect(history.ruleFor('m1999').missing).toBe('failure')
})
