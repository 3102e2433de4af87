import { describe, expect, it } from 'vitest'
import {
  checkOllamaAnswer,
  OllamaContract,
  type OllamaRoute,
} from '../../../../src/wire/contract/ollama.ts'
import { EngineErrors } from '../../../../src/wire/errors/engine-errors.ts'

const options = { label: 'x' }
const says = (message: object) => ({ message: { role: 'assistant', content: '', ...message } })

function check(route: OllamaRoute, ...lines: unknown[]) {
  const contract = new OllamaContract(options, route)
  const actions = lines.map((line) => contract.check(line))
  return { contract, actions }
}

describe('a stream of Ollama’s', () => {
  it('counts what a model said', () => {
    const calls = [{ function: { name: 'f', arguments: {} } }]
    const { contract, actions } = check(
      'chat',
      { ...says({ thinking: 'Hm' }), done: false },
      { ...says({ content: 'ж' }), done: false },
      { ...says({}), done: false },
      { ...says({ tool_calls: calls }), done: false },
      { ...says({}), done: true, prompt_eval_count: 3, eval_count: 4 },
    )
    expect(actions).toEqual(['same', 'same', 'same', 'same', 'last'])
    expect(contract.tokens).toBe(3)
    expect(contract.textLength).toBe(2 + 2 + JSON.stringify(calls).length)
    expect(contract.usage).toEqual({ prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 })
    expect(contract.isComplete).toBe(true)
    expect(contract.finished).toBe(false)
    expect(contract.end('done')).toEqual([])
    expect(contract.finished).toBe(true)
  })

  it('has no usage unless both counts are true', () => {
    for (const counts of [{}, { eval_count: 4 }, { prompt_eval_count: -1, eval_count: 4 }]) {
      const { contract } = check('generate', { response: '', done: true, ...counts })
      expect(contract.usage).toBeUndefined()
    }
  })

  it('may leave out what there is nothing of', () => {
    const lines = [{ done: false }, { message: null, done: false }, { done: true }]
    const { actions, contract } = check('chat', ...lines)
    // Clients read the fields of a message in every line.
    expect(actions).toEqual(['changed', 'changed', 'last-changed'])
    for (const line of lines) {
      expect(line).toMatchObject({ message: { role: 'assistant', content: '' } })
    }
    expect([...contract.repaired]).toEqual(['delta'])
    expect(contract.tokens).toBe(0)
    expect(check('chat', { message: {}, done: false }).actions).toEqual(['same'])
    expect(check('generate', { response: null, done: true }).actions).toEqual(['last'])
  })

  it.each([
    ['chat', null, /not a JSON object/],
    ['chat', [], /not a JSON object/],
    ['chat', {}, /without done/],
    ['chat', { message: 'a', done: false }, /a message that is not a JSON object/],
    ['chat', { message: [], done: true }, /a message that is not a JSON object/],
    ['chat', { done: 'yes' }, /without done/],
    ['chat', { ...says({ content: 1 }), done: false }, /content that is not a string/],
    ['chat', { ...says({ tool_calls: {} }), done: false }, /not a list/],
    ['generate', { response: {}, done: false }, /response that is not a string/],
    ['generate', { error: { message: 'Full.' } }, /Full\./],
  ] as const)('is refused otherwise: %s %j', (route, line, message) => {
    expect(() => check(route, line)).toThrow(message)
  })

  it.each(['done', 'end', 'reset'] as const)('is cut off without its last line: %s', (ending) => {
    const { contract } = check('generate', { response: 'a', done: false })
    expect(() => contract.end(ending)).toThrow(/before a line with done: true/)
  })
})

describe('a whole answer of Ollama’s', () => {
  const errors = new EngineErrors(options)

  it('is done', () => {
    const counts = { prompt_eval_count: 3, eval_count: 4 }
    const answer = { model: 'm', response: 'a', done: true, ...counts }
    expect(checkOllamaAnswer(answer, 'generate', errors)).toEqual({
      model: 'm',
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      repaired: [],
    })
  })

  it('is no answer otherwise', () => {
    const half = { response: 'a', done: false }
    expect(() => checkOllamaAnswer(half, 'generate', errors)).toThrow(/without done: true/)
    const text = { message: 'a', done: true }
    expect(() => checkOllamaAnswer(text, 'chat', errors)).toThrow(/not a JSON object/)
    expect(() => checkOllamaAnswer({ error: 'Full.' }, 'chat', errors)).toThrow(/Full\./)
  })
})
