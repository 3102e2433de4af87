import { describe, expect, it } from 'vitest'
import { readOllamaChat, readOllamaGenerate } from '../../../../src/dialects/ollama/dialect.ts'
import { optionalFieldsOf, optionFields } from '../../../../src/dialects/ollama/options.ts'
import { isStreamed, unloads } from '../../../../src/wire/ollama/request.ts'

const messages = [{ role: 'user', content: 'Go.' }]

describe('options', () => {
  it('keep their names, but for those that others call otherwise', () => {
    const given = { temperature: 0, top_k: 5, typical_p: 0.7, repeat_last_n: 64, mirostat: 2 }
    expect(optionFields(given)).toEqual(given)
    expect(optionFields({ num_predict: 5, repeat_penalty: 1.1 })).toEqual({
      max_tokens: 5,
      repeat_penalty: 1.1,
      repetition_penalty: 1.1,
    })
  })

  it('are left out where they are not for a request, or say nothing', () => {
    const given = { num_ctx: 9, num_gpu: 1, numa: true, penalize_newline: true, top_k: null }
    expect(optionFields(given)).toEqual({})
    expect(optionFields({ num_predict: 0, seed: -1, stop: '' })).toEqual({})
    expect(optionFields({ num_predict: -2, seed: 0, stop: [] })).toEqual({ seed: 0 })
    expect(optionFields(null)).toEqual({})
  })

  it('are optional where OpenAI has none of the name', () => {
    const given = { temperature: 1, top_p: 1, seed: 1, stop: 'x', num_predict: 1, top_k: 1 }
    expect(optionalFieldsOf({ ...given, repeat_penalty: 2, odd: 1 })).toEqual([
      ...['top_k', 'repeat_penalty', 'repetition_penalty', 'odd'],
    ])
  })
})

describe('what is asked', () => {
  it.each([
    [undefined, true],
    [null, true],
    [true, true],
    [false, false],
  ])('is a stream unless it says otherwise: %j', (stream, expected) => {
    expect(isStreamed({ stream })).toBe(expected)
    expect(readOllamaChat({ messages, stream }, 'id')).toMatchObject({
      stream: expected,
      native: { body: { messages, stream: expected }, path: '../api/chat' },
    })
  })

  it.each([
    [0, true],
    ['0', true],
    ['0s', true],
    ['0m0.0s', true],
    ['-0s', true],
    [1, false],
    [-1, false],
    ['5m', false],
    ['10s', false],
    ['', false],
    [null, false],
    [undefined, false],
  ])('unloads the model with a time of nothing: %j', (keep_alive, expected) => {
    expect(unloads({ keep_alive })).toBe(expected)
  })

  it.each([
    [{}, 'load'],
    [{ prompt: '' }, 'load'],
    [{ prompt: '', system: 'Be brief.' }, 'load'],
    [{ prompt: 'Go.' }, 'chat'],
    [{ prompt: '', images: ['iVBORw0KGgoAAAANSUhEUg=='] }, 'chat'],
    [{ prompt: 'Go.', raw: true }, 'text'],
    [{ prompt: 'Go.', suffix: '' }, 'chat'],
    [{ prompt: '', suffix: 'x' }, 'text'],
  ])('is told by what there is: %j', (body, kind) => {
    expect(readOllamaGenerate(body, 'id').kind).toBe(kind)
  })

  it('is refused by whoever is no Ollama where only that can do it', () => {
    const read = readOllamaGenerate({ prompt: 'Go.', template: '{{ .Prompt }}' }, 'id')
    if (read.kind !== 'chat') throw new Error(read.kind)
    expect(() => read.conversation.chat).toThrow(/^template: expected none, got a template: only/)
    expect(read.estimated.messages).toEqual(messages)
    expect(read.native.body).toMatchObject({ template: '{{ .Prompt }}' })
  })

  it('has ids that templates take and that do not change from turn to turn', () => {
    const call = { function: { name: 'f', arguments: {} } }
    const turns = [
      ...messages,
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: 'ok' },
      { role: 'tool', content: 'of nothing' },
    ]
    const idsOf = (count: number) => {
      const read = readOllamaChat({ messages: turns.slice(0, count) }, crypto.randomUUID())
      if (read.kind !== 'chat') throw new Error(read.kind)
      return read.estimated.messages.map(({ tool_call_id, tool_calls }) => {
        return tool_call_id ?? tool_calls?.[0]?.id
      })
    }
    expect(idsOf(3)).toEqual([undefined, 'call00000', 'call00000'])
    // A result without a call is the server's to judge.
    expect(idsOf(4)).toEqual([undefined, 'call00000', 'call00000', 'call00001'])
    expect(idsOf(2).at(-1)).toMatch(/^[a-zA-Z0-9]{9}$/)
  })
})
