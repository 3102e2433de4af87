import fc from 'fast-check'
import type { Step } from '../support/script.ts'

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  JSON.stringify({
    id: 'chatcmpl-p',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'odd',
    choices: [{ index: 0, delta, finish_reason }],
    ...more,
  })

const ROLE = chunk({ role: 'assistant', content: '' })

const STOP = chunk({}, 'stop')

/** A faultless stream in any legal framing, and the events that a client must see of it. */
export const anyStream = fc
  .record({
    tokens: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 12 }),
    reason: fc.constantFrom('stop', 'length', 'content_filter'),
    lineEnd: fc.constantFrom('\n', '\n', '\r\n', '\r'),
    between: fc.constantFrom('', '', ': ping\n\n', '\n', ':\n'),
    colon: fc.constantFrom('data: ', 'data: ', 'data:'),
    bom: fc.constantFrom('', '\uFEFF'),
  })
  .map(({ tokens, reason, lineEnd, between, colon, bom }) => {
    const contents = tokens.map((content) => chunk({ content }))
    const events = [ROLE, ...contents, chunk({}, reason), '[DONE]']
    const text = events.map((data) => `${between}${colon}${data}\n\n`).join('')
    return { events, sent: bom + text.replaceAll('\n', lineEnd) }
  })

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(ROLE, STOP).map((data) => `data: ${data}\n\n`) },
  { weight: 6, arbitrary: fc.string().map((text) => `data: ${chunk({ content: text })}\n\n`) },
  { weight: 2, arbitrary: fc.constant('data: [DONE]\n\n') },
  { weight: 1, arbitrary: fc.json().map((json) => `data: ${json}\n\n`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'data: {"error":{"message":"no"}}\n\n',
      'event: error\ndata: no\n\n',
      ': c\n',
      '\r\n\r',
      'data\n\n',
      'data: ',
      `data: ${chunk({}, 'abort')}\n\n`,
      `data: ${chunk({ content: 'x' }, null, { id: 'other' })}\n\n`,
      `data: ${chunk({ content: 'x' }, 'eos', { usage: { total_tokens: 1 } })}\n\n`,
      `data: ${chunk({ tool_calls: [{ function: { name: 'f' } }] })}\n\n`,
    ),
  },
)

export const anyBytes = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(piece, { maxLength: 8 }).map((all) => Buffer.from(all.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
)

export const anyEnd = fc.constantFrom<Step[]>(
  [],
  [{ wait: 20 }, { cut: true }],
  [{ wait: 20 }, { reset: true }],
)

export const EXAMPLES: [Buffer, number[], Step[]][] = [
  [Buffer.from(`data: ${ROLE}\n\ndata: ${STOP}\n\ndata: [DONE]\n\n`), [], []],
  [Buffer.from(`data: ${ROLE}\n\n`), [], []],
  [Buffer.from('data: [DONE]\n\n'), [], []],
]
