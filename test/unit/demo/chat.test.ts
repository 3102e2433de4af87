// What the chat makes of texts: arguments of calls, tools, code, and what is sent.

import { expect, it } from 'vitest'
import { added } from '../../../demo/chat/addition.ts'
import { indented } from '../../../demo/chat/json-text.ts'
import { toolsIn } from '../../../demo/chat/tools.ts'
import { partsOf } from '../../../demo/markdown/highlight.ts'
import { languageOf } from '../../../demo/markdown/languages.ts'

it('indents JSON as far as it has come, and moves nothing that stands', () => {
  const value = { a: [1, { b: 'x, {"y"}: \\ "' }], c: {}, d: [], e: null }
  const json = JSON.stringify(value)
  const whole = JSON.stringify(value, null, 2)
  expect(indented(json)).toBe(whole)
  for (let size = 1; size < json.length; size++) {
    expect(whole.startsWith(indented(json.slice(0, size)).trimEnd())).toBe(true)
  }
})

it('reads tools in the usual forms, and says what is wrong', () => {
  const parameters = { type: 'object' }
  const tool = { type: 'function', function: { name: 'a', parameters } }
  expect(toolsIn('  ')).toEqual({ tools: [] })
  expect(toolsIn(JSON.stringify([tool])).tools).toEqual([tool])
  expect(toolsIn(JSON.stringify({ name: 'a', input_schema: parameters })).tools).toEqual([tool])
  expect(toolsIn('{').problem).toMatch(/^Tools: this is not JSON: .*Expected a JSON array/)
  expect(toolsIn('[{"type":"function"}]').problem).toMatch(/^Tools: entry 0 is no tool/)
})

it('loses nothing of the code that it colours, and leaves what would take long', () => {
  const code = 'const a = `x` // <b>\n/* y */ let b = "z"\n'
  for (const language of ['ts', 'js', 'py', 'html', 'bash', 'sql', 'md', 'yaml'] as const) {
    expect(
      partsOf(code, language)
        .map(([text]) => text)
        .join(''),
    ).toBe(code)
  }
  expect(partsOf(code, 'ts').length).toBeGreaterThan(5)
  for (const slow of [`${'a'.repeat(500)} = "x"\n`, `let a =${' '.repeat(200)}"x"\n`]) {
    expect(partsOf(slow, 'ts')).toEqual([[slow, '']])
  }
  expect(languageOf('TypeScript')).toBe('ts')
  expect(languageOf('__proto__')).toBeUndefined()
})

it('joins calls and reasoning of many events, and knows how long the model thought', () => {
  const none = { text: '', reasoning: '', calls: [] }
  const call = (index: number, text: string, name?: string) => ({
    index,
    ...(name && { id: `id ${index}` }),
    function: { ...(name && { name }), arguments: text },
  })
  const { said } = added(
    { role: 'assistant', content: '' },
    [
      { ...none, at: 100, reasoning: 'a' },
      { ...none, at: 400, reasoning: 'b' },
      { ...none, at: 900, calls: [call(0, '', 'f'), call(1, '{', 'g')] },
      { ...none, at: 950, calls: [call(1, '}'), call(0, '[]')] },
      { ...none, at: 990, text: 'c' },
    ],
    undefined,
  )
  expect(said).toEqual({
    role: 'assistant',
    content: 'c',
    reasoning: 'ab',
    thought: 800,
    calls: [
      { id: 'id 0', name: 'f', arguments: '[]' },
      { id: 'id 1', name: 'g', arguments: '{}' },
    ],
  })
})
