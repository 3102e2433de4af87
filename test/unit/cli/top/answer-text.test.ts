import { describe, expect, it } from 'vitest'
import { answerReader, type Said } from '../../../../src/cli/top/answer-text.ts'
import { RequestWatch } from '../../../../src/cli/top/watch.ts'

/** All that was said, the text of each kind joined. */
function said(bytes: string, size = bytes.length): Partial<Record<Said['kind'], string>> {
  const read = answerReader()
  const all: Partial<Record<Said['kind'], string>> = {}
  for (let at = 0; at < bytes.length; at += size) {
    for (const { kind, text } of read(bytes.slice(at, at + size))) {
      all[kind] = (all[kind] ?? '') + text
    }
  }
  return all
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`
const chat = (delta: object) => event({ choices: [{ index: 0, delta }] })

const call = { function: { name: 'look', arguments: '{"up"' } }
const answers: [api: string, bytes: string][] = [
  [
    'chats',
    chat({ role: 'assistant', content: '' }) +
      chat({ reasoning_content: 'Hm' }) +
      ': ping\n\n' +
      chat({ content: 'So ' }) +
      chat({ content: 'be it.' }) +
      chat({ tool_calls: [{ index: 0, ...call }] }) +
      chat({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }) +
      'data: [DONE]\n\n',
  ],
  [
    'a chat that is not streamed',
    `${JSON.stringify({
      choices: [
        {
          message: {
            ...{ role: 'assistant', content: 'So be it.', reasoning: 'Hm' },
            tool_calls: [{ function: { name: 'look', arguments: '{"up":1}' } }],
          },
        },
      ],
    })}\n`,
  ],
  [
    'Messages',
    `event: content_block_delta\n${event({ type: 'content_block_delta', delta: { thinking: 'Hm' } })}` +
      event({ type: 'content_block_delta', delta: { text: 'So be it.' } }) +
      event({ type: 'content_block_start', content_block: { type: 'tool_use', name: 'look' } }) +
      event({ type: 'content_block_delta', delta: { partial_json: '{"up":1}' } }),
  ],
  [
    'Responses',
    event({ type: 'response.reasoning_text.delta', delta: 'Hm' }) +
      event({ type: 'response.output_text.delta', delta: 'So be it.' }) +
      event({ type: 'response.output_item.added', item: { type: 'function_call', name: 'look' } }) +
      event({ type: 'response.function_call_arguments.delta', delta: '{"up":1}' }) +
      event({ type: 'response.output_text.done', text: 'So be it.' }),
  ],
  [
    "Ollama's chats",
    `${JSON.stringify({ message: { thinking: 'Hm', content: '' } })}\n` +
      `${JSON.stringify({ message: { content: 'So be it.' } })}\n` +
      `${JSON.stringify({ message: { content: '', tool_calls: [{ function: { name: 'look', arguments: { up: 1 } } }] } })}\n`,
  ],
]

describe('what a model says', () => {
  it.each(answers)('is found in %s, cut anywhere', (_, bytes) => {
    const whole = { reasoning: 'Hm', text: 'So be it.', call: '\ncalls look {"up":1}' }
    for (const size of [bytes.length, 1, 7]) expect(said(bytes, size)).toEqual(whole)
  })

  it('is found in completions, and in their form at Ollama', () => {
    expect(said(event({ choices: [{ text: 'a' }] }) + event({ choices: [{ text: 'b' }] }))).toEqual(
      { text: 'ab' },
    )
    expect(said('{"response":"a"}\n{"response":"b","done":true}\n')).toEqual({ text: 'ab' })
  })

  it('is nothing where there is nothing to read', () => {
    expect(
      said('a":"half"}]}\n\ndata: {"broken\n\ndata: [1]\n\ndata: {"choices":[null,3]}\n\n'),
    ).toEqual({})
  })
})

describe('an open request', () => {
  const plain = () => (line: string) => line
  const sent = (text: string) => ({ name: 'sent', data: { at: 1_500, text } })

  it('shows text in the order in which it came, reasoning and calls apart', () => {
    const watch = new RequestWatch('x')
    watch.take(sent(chat({ reasoning: 'Hm, ' }) + chat({ reasoning: 'well' })))
    watch.take(sent(chat({ content: 'So\u001b[2J ' })))
    watch.take(sent(chat({ content: 'be it.' }) + chat({ tool_calls: [call] })))
    expect(watch.linesIn(20, false, plain)).toEqual([
      '│ Hm, well',
      'So\\u001b[2J be it.',
      '» calls look {"up"',
    ])
  })

  it('shows bytes as they are, of both sides', () => {
    const watch = new RequestWatch('x')
    watch.take({ name: 'received', data: { at: 3, text: 'data: {"a":1}\r\n\r\n' } })
    watch.take(sent('data: \u001b\n\n'))
    expect(watch.linesIn(40, true, plain)).toEqual([
      '← engine +3ms',
      'data: {"a":1}␍␊',
      '␍␊',
      '→ client +1.50s',
      'data: <1b>␊',
      '␊',
    ])
  })

  it('keeps a bounded part of the text and of the bytes, the newest', () => {
    const watch = new RequestWatch('x')
    for (let i = 0; i < 3_000; i++) {
      watch.take(sent(chat({ content: `${i} ${'x'.repeat(97)}\n` })))
    }
    const text = watch.linesIn(200, false, plain)
    expect(text.join('').length).toBeLessThan(70_000)
    expect(text.at(-1)).toMatch(/^2999 x/)
    const raw = watch.linesIn(1_000, true, plain)
    expect(raw.join('').length).toBeLessThan(90_000)
    expect(raw.join('\n')).toContain('2999 x')
  })

  it('takes note of its record, of frames that were left out and of the end', () => {
    const watch = new RequestWatch('x')
    expect(watch.take({ name: 'activity', data: { id: 'x' } })).toEqual({ id: 'x' })
    watch.take({ name: 'lost', data: { count: 3 } })
    watch.take({ name: 'lost', data: { count: 4 } })
    watch.take({ name: 'end', data: {} })
    expect(watch).toMatchObject({ lost: 7, isOver: true })
  })
})
