import { expect, it } from 'vitest'
import { NOTHING, withDeltas } from '../../demo/activity/parts.ts'
import { FrameSplitter } from '../../demo/activity/splitter.ts'
import { summaryOf } from '../../demo/frames/summary.ts'

/** The texts of the frames of an answer that comes in these pieces. */
function split(...pieces: string[]): string[] {
  const splitter = new FrameSplitter()
  const frames = pieces.flatMap((piece, at) => splitter.push(at, piece))
  return [...frames, ...splitter.end(pieces.length)].map(({ text }) => text)
}

it('splits events wherever they are cut, and whatever their line ends', () => {
  const text = 'event: a\ndata: 1\n\ndata: 2\n\n'
  for (let at = 0; at <= text.length; at++) {
    expect(split(text.slice(0, at), text.slice(at))).toEqual(['event: a\ndata: 1', 'data: 2'])
  }
  expect(split('data: 1\r\n\r\ndata: 2\r\n\r\n')).toEqual(['data: 1', 'data: 2'])
  expect(split('data: 1\n\ndata: un')).toEqual(['data: 1', 'data: un'])
})

it('shows comments at once, before the event that they stand in', () => {
  const splitter = new FrameSplitter()
  expect(splitter.push(1, ': loading\n')).toEqual([{ at: 1, text: ': loading' }])
  expect(splitter.push(2, ': 40 %\n: 50 %\ndata: 1\n\n')).toEqual([
    { at: 2, text: ': 40 %' },
    { at: 2, text: ': 50 %' },
    { at: 2, text: 'data: 1' },
  ])
})

it('splits lines of JSON, and leaves one value whole', () => {
  expect(split('{"a":1}\n{"a', '":2}\n')).toEqual(['{"a":1}', '{"a":2}'])
  expect(split('{\n  "a": [', '1]\n}')).toEqual(['{\n  "a": [1]\n}'])
  expect(split('{"cut": ')).toEqual(['{"cut": '])
})

/** What the frames of an answer say when they are joined. */
function said(...payloads: object[]) {
  const frames = payloads.map((payload) => ({ at: 0, text: `data: ${JSON.stringify(payload)}` }))
  const { texts, reasoning, calls, finish, usage, error } = withDeltas(
    NOTHING,
    frames.flatMap((frame) => summaryOf(frame).deltas),
  )
  return { texts: [...texts.values()], calls: [...calls.values()], reasoning, finish, usage, error }
}

const NONE = { texts: [], calls: [], reasoning: '', finish: '', usage: '', error: '' }

const choices = (...list: object[]) => ({ choices: list })

it.each([
  [
    'a chat',
    [
      choices({ index: 0, delta: { role: 'assistant', content: '' } }),
      choices({ index: 0, delta: { reasoning_content: 'hm' } }),
      choices({ index: 0, delta: { content: 'Wa' } }, { index: 1, delta: { content: 'Ice' } }),
      choices({ index: 0, delta: { content: 'ter' } }),
      choices({
        delta: { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] },
      }),
      choices({ delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] } }),
      choices({ index: 0, delta: {}, finish_reason: 'stop' }),
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } },
    ],
    {
      texts: ['Water', 'Ice'],
      calls: [{ name: 'f', input: '{"a":1}' }],
      reasoning: 'hm',
      finish: 'stop',
      usage: '3 + 5 tokens',
    },
  ],
  [
    'a whole chat',
    [choices({ index: 0, message: { content: 'Water' }, finish_reason: 'length' })],
    { texts: ['Water'], finish: 'length' },
  ],
  [
    'a completion',
    [choices({ index: 0, text: 'Wa' }), choices({ text: 'ter' })],
    { texts: ['Water'] },
  ],
  [
    'messages',
    [
      { type: 'message_start', message: { content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Water' } },
      {
        type: 'content_block_start',
        index: 2,
        content_block: { type: 'tool_use', name: 'f', input: {} },
      },
      {
        type: 'content_block_delta',
        index: 2,
        delta: { type: 'input_json_delta', partial_json: '{}' },
      },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 5 } },
    ],
    {
      texts: ['Water'],
      calls: [{ name: 'f', input: '{}' }],
      reasoning: 'hm',
      finish: 'tool_use',
      usage: '5 tokens',
    },
  ],
  [
    'responses',
    [
      { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
      { type: 'response.output_text.delta', output_index: 1, delta: 'Water' },
      {
        type: 'response.output_item.added',
        output_index: 2,
        item: { type: 'function_call', name: 'f' },
      },
      { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{}' },
      {
        type: 'response.completed',
        response: { status: 'completed', usage: { input_tokens: 3, output_tokens: 5 } },
      },
    ],
    {
      texts: ['Water'],
      calls: [{ name: 'f', input: '{}' }],
      reasoning: 'hm',
      finish: 'completed',
      usage: '3 + 5 tokens',
    },
  ],
  [
    'Ollama',
    [
      { message: { content: '', thinking: 'hm' }, done: false },
      { message: { content: 'Water' }, done: false },
      { message: { tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }, done: false },
      { message: { content: '' }, done: true, done_reason: 'stop', eval_count: 5 },
    ],
    {
      texts: ['Water'],
      calls: [{ name: 'f', input: '{"a":1}' }],
      reasoning: 'hm',
      finish: 'stop',
      usage: '5 tokens',
    },
  ],
  ['an error', [{ error: { message: 'no', code: 'broken' } }], { error: 'broken: no' }],
  ['other JSON', [{ a: 1 }, { choices: 'none' }, { choices: [null], delta: 4 }], {}],
])('joins what is said in %s', (_, payloads, expected) => {
  expect(said(...payloads)).toEqual({ ...NONE, ...expected })
})

it('says of a frame what it adds, or else what it is', () => {
  const summary = (text: string) => {
    const { kind, text: words } = summaryOf({ at: 0, text })
    return `${kind}: ${words}`
  }
  expect(summary('data: {"choices":[{"delta":{"content":" a"}}]}')).toBe('text:  a')
  expect(summary('data: [DONE]')).toBe('end: [DONE]')
  expect(summary(': loading 4 %')).toBe('comment: loading 4 %')
  expect(summary('event: ping\ndata: {"type":"ping"}')).toBe('event: ping')
  expect(summary('data: {"object":"chat.completion.chunk","choices":[]}')).toBe(
    'event: chunk without text',
  )
  expect(summary('data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f"}}]}}]}')).toBe(
    'call: f(',
  )
  expect(summary('<html>')).toBe('unreadable: not JSON')
})
