import { describe, expect, it } from 'vitest'
import { argumentsFor, pickTool } from '../../field/fill.ts'
import { orderOf, replyTo } from '../../field/model.ts'
import { refusalOf } from '../../field/template.ts'

const user = { role: 'user', content: 'Hello.' }
const system = { role: 'system', content: 'Be brief.' }
const call = { id: 'abcdefgh1', function: { name: 'Bash', arguments: '{}' } }
const asks = { role: 'assistant', content: null, tool_calls: [call] }
const result = { role: 'tool', tool_call_id: 'abcdefgh1', content: 'done' }

describe('a strict template', () => {
  it.each([
    ['a question', [user]],
    ['a system message that is first', [system, user]],
    ['a call with its result', [system, user, asks, result, user]],
    ['parts of text', [{ role: 'user', content: [{ type: 'text', text: 'Hello.' }] }]],
  ])('renders %s', (_, messages) => {
    expect(refusalOf({ messages })).toBeUndefined()
  })

  it.each([
    ['nothing', []],
    ['a system message that is not first', [user, system]],
    ['two system messages', [system, system, user]],
    ['a system message in parts', [{ ...system, content: [{}, {}] }, user]],
    ['an unknown role', [{ role: 'developer', content: 'Be brief.' }, user]],
    ['no question', [system]],
    ['an answer that says nothing', [user, { role: 'assistant', content: '' }]],
    ['a call without its result', [user, asks, user]],
    ['a call without its result at the end', [user, asks]],
    ['a result of no call', [user, result]],
    ['an id of another form', [user, { ...asks, tool_calls: [{ ...call, id: 'call_1' }] }, result]],
    ['a part of an unknown type', [{ role: 'user', content: [{ type: 'input_text' }] }]],
  ])('refuses %s', (_, messages) => {
    expect(refusalOf({ messages })).toBeTypeOf('string')
  })

  it('refuses tools that are no functions, an empty list, and a choice among none', () => {
    expect(refusalOf({ messages: [user], tools: [{ type: 'custom' }] })).toBeTypeOf('string')
    expect(refusalOf({ messages: [user], tools: [] })).toBeTypeOf('string')
    expect(refusalOf({ messages: [user], tool_choice: 'auto' })).toBeTypeOf('string')
  })
})

describe('the scripted model', () => {
  it('obeys the last order, and sees what tools returned after it', () => {
    const messages = [
      { role: 'user', content: 'FIELD_TEXT' },
      { role: 'user', content: 'FIELD_TOOL' },
    ]
    expect(orderOf(messages)?.order).toBe('tool')
    expect(replyTo({ messages: [...messages, asks, result] }, '/p').text).toContain('done')
  })

  it('prefers a tool that runs commands, whatever its prefix', () => {
    expect(pickTool([{ name: 'Read' }, { name: 'mcp__x__bash' }])?.name).toBe('mcp__x__bash')
    expect(pickTool([{ name: 'Task' }])).toBeUndefined()
  })

  it.each([
    [{ type: 'object', properties: { command: { type: 'string' } } }, { command: 'cat x' }],
    [
      { type: 'object', properties: { command: { type: 'array' } }, required: ['command'] },
      { command: ['bash', '-c', 'cat x'] },
    ],
    [
      { type: 'object', properties: { commands: { type: 'array' } }, required: ['commands'] },
      { commands: ['cat x'] },
    ],
    [
      {
        type: 'object',
        properties: { file_path: { type: 'string' }, limit: { type: 'integer' } },
        required: ['file_path', 'limit'],
      },
      { file_path: '/x', limit: 1 },
    ],
  ])('fills the arguments of a schema', (parameters, expected) => {
    const text = argumentsFor({ name: 'tool', parameters }, { command: 'cat x', path: '/x' })
    expect(JSON.parse(text)).toEqual(expected)
  })
})
