import { describe, expect, it } from 'vitest'
import { CallReader, type WrittenCall } from '../../../../src/engines/webllm/tools/call-reader.ts'
import { toolFormOf } from '../../../../src/engines/webllm/tools/forms.ts'
import { toolsOf } from '../../../../src/engines/webllm/tools/tools-of.ts'
import { record } from '../../../support/mlc.ts'

const tools = ['look', 'look_up'].map((name) => ({ type: 'function', function: { name } }))

function read(model: string, pieces: readonly string[], isThinking = false) {
  const form = toolFormOf({ ...record, model_id: model })
  const offered = toolsOf({ messages: [], tools })
  if (form === undefined || offered === undefined) throw new Error('no tools')
  const reader = new CallReader(form, offered, isThinking)
  const calls: WrittenCall[] = []
  let content = ''
  for (const piece of pieces) {
    const found = reader.add(piece)
    content += found.content
    calls.push(...found.calls)
  }
  return { content: content + reader.flush(), calls }
}

const qwen = 'Qwen3-4B-q4f16_1-MLC'
const llama = 'Llama-3.1-8B-Instruct-q4f16_1-MLC'

function hermes(name: string, args: string): string {
  return `<tool_call>\n{"name": "${name}", "arguments": ${args}}\n</tool_call>`
}

describe('calls are found wherever the pieces are split', () => {
  const args = '{"a": "}\\"{\\\\", "b": [{"c": {}}]}'
  it.each<[string, string, string, { content: string; calls: WrittenCall[] }]>([
    [
      'between texts',
      qwen,
      `So. \n${hermes('look', args)}\n\n${hermes('look_up', '{}')}\n Done <b>.`,
      {
        content: 'So.\n Done <b>.',
        calls: [
          { name: 'look', arguments: args },
          { name: 'look_up', arguments: '{}' },
        ],
      },
    ],
    [
      'as the whole answer',
      llama,
      `{"name": "look_up", "parameters": ${args}}`,
      { content: '', calls: [{ name: 'look_up', arguments: args }] },
    ],
    [
      'not in other JSON',
      llama,
      'It is {"name" : 1} and {"nam',
      { content: 'It is {"name" : 1} and {"nam', calls: [] },
    ],
  ])('%s', (_, model, text, expected) => {
    for (let at = 0; at <= text.length; at++) {
      expect(read(model, [text.slice(0, at), text.slice(at)]), `split at ${at}`).toEqual(expected)
    }
    expect(read(model, [...text])).toEqual(expected)
  })
})

it('finds none in thoughts', () => {
  const thought = `<think>\nPerhaps ${hermes('look', '{}')}?\n</think>`
  const call = hermes('look_up', '{}')
  for (const text of [`${thought}\n\n${call}`, `${thought}${call}`]) {
    for (const pieces of [[text], [...text]]) {
      expect(read(qwen, pieces, true)).toEqual({
        content: thought,
        calls: [{ name: 'look_up', arguments: '{}' }],
      })
    }
  }
})

it.each([
  ['cut off', `Hm. ${hermes('look', '{"a": 1}').slice(0, -3)}`],
  ['cut off within its name', 'Hm. <tool_call>\n{"name": "lo'],
  ['of a tool that nobody offered', `Hm. ${hermes('other', '{}')} So.`],
  ['with something after its arguments', hermes('look', '{}, "b": 1')],
])('shows a call as text that is %s', (_, text) => {
  for (const pieces of [[text], [...text]]) {
    expect(read(qwen, pieces)).toEqual({ content: text, calls: [] })
  }
})

it('keeps the white space of an answer without calls', () => {
  expect(read(qwen, ['\n\nA ', ' \n', 'b \n'])).toEqual({ content: '\n\nA  \nb \n', calls: [] })
})
