// What xgrammar, compiled as web-llm has it, makes of the grammars for calls of tools.

import { describe, expect, it } from 'vitest'
import { CallReader } from '../../../../src/engines/webllm/tools/call-reader.ts'
import { type ToolForm, toolFormOf } from '../../../../src/engines/webllm/tools/forms.ts'
import { toolGrammar } from '../../../../src/engines/webllm/tools/grammar.ts'
import { toolsOf } from '../../../../src/engines/webllm/tools/tools-of.ts'
import { frameOf, writtenCall } from '../../../../src/engines/webllm/tools/written.ts'
import { record } from '../../../support/mlc.ts'
import { mayWrite, writeAtRandom } from '../../../support/xgrammar.ts'

const tools = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: {
        type: 'object',
        properties: {
          days: { type: 'integer' },
          units: { enum: ['metric', 'imperial'] },
          isNow: { type: 'boolean' },
        },
        required: ['days', 'units', 'isNow'],
        additionalProperties: false,
      },
    },
  },
  { type: 'function', function: { name: 'clock' } },
]

const args = '{"days": 3, "units": "metric", "isNow": true}'

function formOf(model: string): ToolForm {
  const form = toolFormOf({ ...record, model_id: model })
  if (form === undefined) throw new Error(`${model} has no form`)
  return form
}

const qwen = formOf('Qwen3-4B-q4f16_1-MLC')
const hermes = formOf('Hermes-3-Llama-3.1-8B-q4f16_1-MLC')
const llama = formOf('Llama-3.2-3B-Instruct-q4f16_1-MLC')

function offer(fields: object = {}) {
  const offered = toolsOf({ messages: [], tools, ...fields })
  if (offered === undefined) throw new Error('no tools')
  return offered
}

describe.each([
  ['hermes', hermes],
  ['llama', llama],
] as const)('the grammar of %s', (_, form) => {
  const weather = writtenCall(form, 'weather', args)
  const clock = writtenCall(form, 'clock', '{}')
  const { begin } = frameOf(form, 'weather')

  it('lets a model answer or call, and holds a call that begins to its schema', async () => {
    const tag = toolGrammar(form, offer(), false)
    expect(await mayWrite(tag, 'It is noon.')).toBe(true)
    expect(await mayWrite(tag, weather)).toBe(true)
    expect(await mayWrite(tag, `Let me look. ${clock}`)).toBe(true)
    expect(await mayWrite(tag, writtenCall(form, 'other', '{}'))).toBe(false)
    expect(await mayWrite(tag, writtenCall(form, 'weather', '{"days": "x"}'))).toBe(false)
  })

  it('requires a call, of a certain tool if so asked', async () => {
    const required = toolGrammar(form, offer({ tool_choice: 'required' }), false)
    expect(await mayWrite(required, 'It is noon.')).toBe(false)
    expect(await mayWrite(required, '')).toBe(false)
    expect(await mayWrite(required, weather)).toBe(true)
    const choice = { type: 'function', function: { name: 'clock' } }
    const named = toolGrammar(form, offer({ tool_choice: choice }), false)
    expect(await mayWrite(named, clock)).toBe(true)
    expect(await mayWrite(named, weather)).toBe(false)
    expect(await mayWrite(named, `${clock}\n${clock}`)).toBe(false)
  })

  it('allows several calls where the family makes them and the request does', async () => {
    const several = toolGrammar(form, offer({ tool_choice: 'required' }), false)
    expect(await mayWrite(several, `${weather}\n${clock}`)).toBe(form.family === 'hermes')
    const one = toolGrammar(form, offer({ parallel_tool_calls: false }), false)
    expect(await mayWrite(one, `${clock}\n${clock}`)).toBe(false)
    expect(await mayWrite(one, clock)).toBe(true)
  })

  it('holds an answer without a call to its own schema', async () => {
    const schema = { type: 'object', properties: { at: { type: 'integer' } }, required: ['at'] }
    const tag = toolGrammar(form, offer(), false, schema)
    expect(await mayWrite(tag, '{"at": 1}')).toBe(true)
    expect(await mayWrite(tag, weather)).toBe(true)
    expect(await mayWrite(tag, 'At one.')).toBe(false)
  })

  it('forces a call that can be read out of tokens that are chosen at random', async () => {
    for (const [seed, choice] of [
      [1, 'required'],
      [2, 'required'],
      [3, { type: 'function', function: { name: 'weather' } }],
    ] as const) {
      const offered = offer({ tool_choice: choice })
      const text = await writeAtRandom(toolGrammar(form, offered, false), seed)
      const reader = new CallReader(form, offered, false)
      const { content, calls } = reader.add(text)
      expect(content + reader.flush(), text).toBe('')
      expect(calls.length).toBeGreaterThan(0)
      for (const call of calls) {
        const parsed = JSON.parse(call.arguments)
        if (call.name === 'clock') expect(parsed).toEqual({})
        else {
          expect(parsed).toEqual({
            days: expect.any(Number),
            units: expect.stringMatching(/^(metric|imperial)$/),
            isNow: expect.any(Boolean),
          })
        }
      }
    }
  })

  it('ends the call that was begun', async () => {
    const tag = toolGrammar(form, offer(), false)
    expect(await mayWrite(tag, begin)).toBe(false)
    expect(await mayWrite(tag, weather.slice(0, -1))).toBe(false)
  })
})

describe('thoughts', () => {
  const call = writtenCall(qwen, 'clock', '{}')

  it('come first, and may mention a call without making it', async () => {
    const tag = toolGrammar(qwen, offer(), true)
    expect(await mayWrite(tag, `<think>Shall I <tool_call> the\nclock?</think>\n\nNoon.`)).toBe(
      true,
    )
    expect(await mayWrite(tag, `<think>Hm.</think>\n\n${call}`)).toBe(true)
    expect(await mayWrite(tag, '<think>Hm.</think>\n\n<tool_call>x')).toBe(false)
    expect(await mayWrite(tag, 'Noon.')).toBe(false)
  })

  it('are followed by a call that is required, and a call within them does not count', async () => {
    const tag = toolGrammar(qwen, offer({ tool_choice: 'required' }), true)
    expect(await mayWrite(tag, `<think>${call}</think>\n\nNoon.`)).toBe(false)
    expect(await mayWrite(tag, `<think>Hm.</think>\n\n${call}`)).toBe(true)
  })
})
