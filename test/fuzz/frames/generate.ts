/** Streams of a chat, as bytes: correct ones, odd ones, and ones with a few bytes changed. */
import fc from 'fast-check'
import { cuts, edited, edits, utf8 } from '../bytes.ts'

export interface FramesInput {
  /** One character for each byte. */
  stream: string
  cuts: number[]
  /** One byte in each packet. */
  isBytewise: boolean
}

const envelope = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_800_000_000,
  model: 'm',
}
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom(
    '',
    ' ',
    '"',
    '\\',
    '\n',
    '\u0000',
    '\ud800',
    '"content":"x"',
    '\u2028',
    '\ufeff',
  ),
)
const field = fc.constantFrom('content', 'content', 'content', 'reasoning_content', 'reasoning')

/** Chunks that differ in their text alone, so that most are proven by comparison. */
const run = fc
  .record({ name: field, texts: fc.array(text, { maxLength: 8 }), padding: fc.option(text) })
  .map(({ name, texts, padding }) =>
    texts.map((each) => {
      const choices = [{ index: 0, delta: { [name]: each }, finish_reason: null }]
      return JSON.stringify({
        ...envelope,
        choices,
        ...(padding !== null && { obfuscation: padding }),
      })
    }),
  )

/** Bytes in place of a text, written as they are into JSON that is otherwise the same. */
const raw = fc.constantFrom(
  ...[
    '\\u0041',
    '\\ud83d\\ude00',
    '\\udc00',
    '\\x',
    '\\',
    '\\u12',
    'a\\"',
    '","role":"x',
    '"',
    '\t',
  ],
  ...[
    utf8('é'),
    '\xff',
    '\xc3',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xe2\x80\xa8',
    '\xef\xbb\xbf',
  ],
  ...['"},"delta":{"content":"y', '","content":"z', '\x7f', '\0', '\\/', '\\b\\f\\n', '\r', '\n'],
)
const rawRun = fc
  .array(
    fc.oneof(
      raw,
      text.map((each) => utf8(JSON.stringify(each).slice(1, -1))),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((texts) =>
    texts.map((each) =>
      JSON.stringify({
        ...envelope,
        choices: [{ index: 0, delta: { content: '@' }, finish_reason: null }],
      }).replace('"@"', () => `"${each}"`),
    ),
  )

/** JSON with the same key twice, numbers in odd forms, other orders and more fields. */
const odd = fc.constantFrom(
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{"content":"a","content":"b"},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","id":"other","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1.8e9,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":-0,"delta":{"content":"a"},"finish_reason":null}]}',
  '{"choices":[{"delta":{"content":"a"},"index":0}],"model":"m","x":12345678901234567890}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"choices":[]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":1,"delta":{"content":"a"},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1800000000,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}',
  '{"error":{"message":"no"}}',
  '[DONE]',
  '{}',
  'null',
)

const wraps = fc.constantFrom(
  ...([
    ['data: ', '\n\n'],
    ['data: ', '\n\n'],
    ['data: ', '\n\n'],
    ['data:', '\n\n'],
    ['data: ', '\r\n\r\n'],
    ['data: ', '\r\r'],
    ['data: ', '\n\r\n'],
    ['data: ', '\r\n\n'],
    [': ping\n\ndata: ', '\n\n'],
    ['id: 1\ndata: ', '\n\n'],
    ['event: message\ndata: ', '\n\n'],
    ['event: error\ndata: ', '\n\n'],
    ['\n\ndata: ', '\n\n\n'],
    ['data: ', '\ndata:\n\n'],
    ['data', '\n\n'],
    ['\ufeffdata: ', '\n\n'],
  ] as const),
)

const events = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: run },
      { weight: 3, arbitrary: rawRun },
      { weight: 2, arbitrary: odd.map((each) => [each]) },
    ),
    wraps,
  )
  .map(([lines, [before, after]]) => lines.map((line) => utf8(before) + line + after).join(''))

const head = utf8(
  `data: ${JSON.stringify({ ...envelope, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })}\n\n`,
)
const stop = `data: ${JSON.stringify({ ...envelope, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

const stream = fc
  .tuple(
    fc.constantFrom('', '', '\xef\xbb\xbf', ': x\n'),
    fc.array(events, { maxLength: 5 }),
    fc.boolean(),
  )
  .map(([before, parts, ends]) => before + head + parts.join('') + (ends ? stop : ''))

const PIECES = [
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  'data: ',
  '"',
  '\\',
  '\xff',
  '\xef\xbb\xbf',
  ':',
  '\0',
  ',',
]

export const framesInput: fc.Arbitrary<FramesInput> = fc.record({
  stream: fc
    .tuple(stream, fc.oneof(fc.constant([]), edits(PIECES, 2)))
    .map(([bytes, changes]) => edited(bytes, changes)),
  cuts,
  isBytewise: fc.nat(4).map((each) => each === 4),
})
