import { describe, expect, it } from 'vitest'
import { isSecondTurn, lineThatTells, toolFault } from '../../field/judge.ts'
import { AFTER_TOOLS, replyTo } from '../../field/model.ts'
import type { ChatBody, Message } from '../../field/template.ts'
import type { Asked } from '../../field/upstream.ts'

const folder = '/project'
const notes: [string, string] = ['marker-1', 'marker-2']

function asked(body: ChatBody): Asked {
  return {
    path: '/v1/chat/completions',
    body,
    reply: replyTo(body, folder),
    sent: 1,
    isWhole: true,
  }
}

/** A turn with tools, in which the calls return these texts. */
function turn(order: string, outputs: string[]): Asked[] {
  const user: Message = { role: 'user', content: `${order} Say hello.` }
  const parameters = { type: 'object', properties: { command: { type: 'string' } } }
  const tools = [{ type: 'function', function: { name: 'Bash', parameters } }]
  const first = asked({ messages: [user], tools })
  const calls = (first.reply?.calls ?? []).map((call, at) => ({
    id: `call0000${at}`,
    function: call,
  }))
  const results = outputs.map((content, at) => {
    return { role: 'tool', tool_call_id: `call0000${at}`, content }
  })
  const messages = [user, { role: 'assistant', tool_calls: calls }, ...results]
  return [first, asked({ messages, tools })]
}

describe('a turn with tools', () => {
  const whole = { notes, output: `${AFTER_TOOLS} …`, isParallel: false }

  it('passes when the call returned what it was to read', () => {
    expect(toolFault({ ...whole, asked: turn('FIELD_TOOL', ['marker-1']) })).toBeUndefined()
  })

  it.each([
    [
      'nothing was called',
      [asked({ messages: [{ role: 'user', content: 'FIELD_TOOL' }] })],
      /No tool/,
    ],
    ['the tool failed', turn('FIELD_TOOL', ['denied']), /Bash returned: denied/],
    ['nothing came back', turn('FIELD_TOOL', ['marker-1']).slice(0, 1), /did not come back/],
  ])('fails when %s', (_, all, why) => {
    expect(toolFault({ ...whole, asked: all })).toMatch(why)
  })

  it('fails when two calls have each other’s output', () => {
    const parallel = { ...whole, isParallel: true }
    const right = turn('FIELD_PARALLEL', ['marker-1', 'marker-2'])
    expect(toolFault({ ...parallel, asked: right })).toBeUndefined()
    const wrong = turn('FIELD_PARALLEL', ['marker-2', 'marker-1'])
    expect(toolFault({ ...parallel, asked: wrong })).toMatch(/returned: marker-2/)
  })
})

it('knows a second turn by the first question and its answer before it', () => {
  const first = { role: 'user', content: 'FIELD_TEXT Say hello.' }
  const said = { role: 'assistant', content: 'Hello.' }
  const second = { role: 'user', content: [{ type: 'text', text: 'FIELD_AGAIN And again?' }] }
  expect(isSecondTurn([first, said, second], 'Hello.')).toBe(true)
  expect(isSecondTurn([first, second], 'Hello.')).toBe(false)
  expect(isSecondTurn([second], 'Hello.')).toBe(false)
})

describe('the line that tells', () => {
  it('is the last one that names the fault', () => {
    const output = 'model: m\nERROR: Reconnecting... 1/5\nERROR: status 401 Unauthorized: key\n'
    expect(lineThatTells(output, 'key')).toBe('ERROR: status 401 Unauthorized: key')
    expect(lineThatTells(output, 'down')).toBeUndefined()
  })

  it('is not a warning that comes with every request', () => {
    const output = 'warning: Model metadata for `no-such-model` not found.\n'
    expect(lineThatTells(output, 'model')).toBeUndefined()
  })
})
