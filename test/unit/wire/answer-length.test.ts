import { expect, it } from 'vitest'
import { answerLength } from '../../../src/wire/answer-length.ts'

const lengthOf = (message: object) => answerLength(JSON.stringify({ choices: [{ message }] }))

it('is that of texts, calls and transcripts, in bytes of UTF-8', () => {
  expect(lengthOf({ role: 'assistant', content: '語' })).toBe(3)
  expect(lengthOf({ tool_calls: [{ id: 'call', function: { arguments: '{"a":1}' } }] })).toBe(7)
  const audio = { id: 'a', data: 'A'.repeat(400), transcript: 'Yes.' }
  expect(lengthOf({ content: null, audio })).toBe(4)
})

it('is that of a text to fill a gap with', () => {
  expect(answerLength('{"content":"a + b","stop":true}')).toBe(5)
})

it('is that of an answer of Ollama’s, whose arguments are objects', () => {
  const call = { id: 'x', function: { name: 'f', arguments: { city: 'Paris' } } }
  const message = { role: 'assistant', content: 'ж', thinking: 'Hm', tool_calls: [call] }
  const chat = { model: 'm', created_at: 'now', message, done: true }
  expect(answerLength(JSON.stringify(chat))).toBe(2 + 2 + '{"city":"Paris"}'.length)
  const prompted = { model: 'm', response: 'ж', thinking: 'Hm', done: true }
  expect(answerLength(JSON.stringify(prompted))).toBe(4)
})
