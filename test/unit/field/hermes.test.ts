import { expect, it } from 'vitest'
import { toMlcRequest } from '../../../src/engines/webllm/chat-request.ts'
import { type ChatRequest, parseChatRequest } from '../../../src/wire/chat/request.ts'
import { readPrompt, written } from '../../field/hermes.ts'
import { caller } from '../../support/mlc.ts'
import { mayWrite } from '../../support/xgrammar.ts'

const parameters = { type: 'object', properties: { command: { type: 'string' } } }
const tools = ['Bash', 'Read'].map((name) => ({ type: 'function', function: { name, parameters } }))
const call = (id: string, command: string) => {
  return {
    id,
    type: 'function',
    function: { name: 'Bash', arguments: JSON.stringify({ command }) },
  }
}

/** What reaches web-llm of a chat. */
function promptOf(chat: object) {
  return toMlcRequest(parseChatRequest({ model: 'm', ...chat }) as ChatRequest, caller).request
}

it('reads the chat that a client has sent from the prompt of a model', () => {
  const messages = [
    { role: 'system', content: 'Work in <tools>.' },
    { role: 'user', content: 'FIELD_PARALLEL kill $$' },
    { role: 'assistant', content: 'I look.', tool_calls: [call('a', 'cat $$'), call('b', 'ls')] },
    { role: 'tool', tool_call_id: 'b', content: 'second' },
    { role: 'tool', tool_call_id: 'a', content: 'first\nline' },
  ]
  const body = readPrompt(promptOf({ messages: [...messages], tools }))
  expect(body.tools).toEqual(tools)
  const [system, user, assistant, ...results] = body.messages ?? []
  expect(system?.content).toContain('Work in <tools>.')
  expect(user).toEqual(messages[1])
  const functionOf = (command: string) => call('', command).function
  expect(assistant).toEqual({
    role: 'assistant',
    content: 'I look.',
    tool_calls: [
      { id: 'call1', function: functionOf('cat $$') },
      { id: 'call2', function: functionOf('ls') },
    ],
  })
  expect(results).toEqual([
    { role: 'tool', content: 'first\nline', tool_call_id: 'call1' },
    { role: 'tool', content: 'second', tool_call_id: 'call2' },
  ])
})

it('knows no tools where none are offered, and the schema of an answer', () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  expect(readPrompt(promptOf({ messages })).tools).toEqual([])
  const schema = { type: 'object', properties: { title: { type: 'string' } } }
  const response_format = { type: 'json_schema', json_schema: { name: 't', schema } }
  expect(readPrompt(promptOf({ messages, response_format })).response_format).toEqual({
    type: 'json_schema',
    json_schema: { schema },
  })
})

it('writes calls that the grammar of the tools allows', async () => {
  const request = promptOf({ messages: [{ role: 'user', content: 'Hi' }], tools })
  const format = request.response_format
  const tag = format?.type === 'structural_tag' ? format.structural_tag : {}
  const calls = ['ls', 'cat "x"'].map((command) => {
    return { name: 'Bash', arguments: JSON.stringify({ command }) }
  })
  expect(await mayWrite(tag, written({ why: 'parallel', calls }))).toBe(true)
  const wrong = [{ name: 'Bash', arguments: '{"command":1}' }]
  expect(await mayWrite(tag, written({ why: 'tool', calls: wrong }))).toBe(false)
})
