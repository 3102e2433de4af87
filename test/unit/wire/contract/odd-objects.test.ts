import { expect, it } from 'vitest'
import { promptSize } from '../../../../src/guard/prompt-size.ts'
import { createHandler } from '../../../../src/index.ts'
import { ChatContract } from '../../../../src/wire/contract/chat.ts'
import { checkCompletion } from '../../../../src/wire/contract/chat-answer.ts'
import { MessagesContract } from '../../../../src/wire/contract/messages.ts'
import { ResponsesContract } from '../../../../src/wire/contract/responses.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

/** Objects whose conversion to a text throws, or whose keys are names of every object. */
const ODD = [
  '{"toString":1,"valueOf":1}',
  '{"__proto__":{"x":1}}',
  '{"constructor":1}',
  '[[]]',
  '1e308',
]

/** The value with each of its parts replaced by an odd one, in turn. */
function* variants(value: unknown): Generator<unknown> {
  for (const text of ODD) yield JSON.parse(text)
  if (typeof value !== 'object' || value === null) return
  for (const [name, part] of Object.entries(value)) {
    for (const variant of variants(part)) {
      yield Array.isArray(value)
        ? value.map((each, at) => (String(at) === name ? variant : each))
        : { ...value, [name]: variant }
    }
  }
  for (const text of ODD) yield { ...value, ...JSON.parse(text) }
}

const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
const delta = { role: 'assistant', content: 'a', tool_calls: [call] }
const chunk = {
  id: 'c',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const parts = [
  { type: 'text', text: 'a' },
  { type: 'thinking', thinking: [{ text: 'b' }] },
]
const item = { type: 'message', id: 'i', call_id: 'c', status: 'completed', content: [] }
const response = {
  id: 'r',
  object: 'response',
  status: 'in_progress',
  output: [],
  error: { message: 'a' },
}
const message = {
  id: 'm',
  type: 'message',
  role: 'assistant',
  content: [],
  model: 'm',
  usage: { input_tokens: 1, output_tokens: 1 },
}

const STREAMS: Record<string, [make: () => { check(value: unknown): unknown }, events: object[]]> =
  {
    chat: [
      () => new ChatContract({ label: 'gpu' }),
      [
        { ...chunk, choices: [{ index: 0, delta: { content: parts }, finish_reason: null }] },
        chunk,
        { error: { message: 'a', code: 'b', type: 'c', param: 'd' } },
      ],
    ],
    responses: [
      () => new ResponsesContract({ label: 'gpu' }, () => true),
      [
        { type: 'response.created', response },
        { type: 'response.output_item.added', output_index: 0, item },
        { type: 'response.content_part.added', item_id: 'i', content_index: 0, part: parts[0] },
        { type: 'response.output_text.delta', item_id: 'i', content_index: 0, delta: 'a' },
        { type: 'response.output_item.done', item, output_index: 0 },
        { type: 'error', code: 'a', message: 'b', param: 'c' },
        { type: 'response.failed', response },
      ],
    ],
    messages: [
      () => new MessagesContract({ label: 'gpu' }),
      [
        { type: 'message_start', message },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 't', name: 'n', input: {} },
        },
        {
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'input_json_delta', partial_json: '{' },
        },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
        { type: 'error', error: { type: 'a', message: 'b' } },
      ],
    ],
  }

it.each(Object.entries(STREAMS))(
  'an odd object in a stream of %s is repaired or an error of the engine',
  (_, [make, events]) => {
    for (const [at, event] of events.entries()) {
      for (const variant of variants(event)) {
        const contract = make()
        expectOnlyApiErrors(() => {
          for (const before of events.slice(0, at)) contract.check(structuredClone(before))
          contract.check(structuredClone(variant))
        }, variant)
      }
    }
  },
)

it('an odd object in an answer without streaming is repaired or an error of the engine', () => {
  const { index, ...whole } = call
  const answer = {
    ...chunk,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: parts, tool_calls: [whole] },
        finish_reason: 'stop',
      },
    ],
  }
  for (const variant of variants(answer)) {
    expectOnlyApiErrors(
      () => checkCompletion(structuredClone(variant), new ChatContract({ label: 'gpu' })),
      variant,
    )
  }
})

it('an odd object in a request is estimated', () => {
  const body = {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', data: 'a', media_type: 'b' } },
          { type: 'image_url', image_url: { url: 'a' } },
          { type: 'document', source: { type: 'base64', data: 'a' } },
          { type: 'input_audio', input_audio: { data: 'a', format: 'wav' } },
        ],
      },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
    input: [
      {
        type: 'message',
        content: [
          { type: 'input_image', image_url: 'a' },
          { type: 'input_file', file_data: 'a' },
        ],
      },
    ],
  }
  for (const variant of variants(body)) {
    expectOnlyApiErrors(() => promptSize(sourceOf(variant)), variant)
    const { input } = variant as { input?: unknown }
    expectOnlyApiErrors(() => promptSize(sourceOf({ messages: input })), variant)
  }
})

it('an odd object in a request is forwarded or refused, and never an internal error', async () => {
  const handler = createHandler({
    upstream: [{ url: 'http://gpu.test/v1' }],
    insecure: true,
    fetch: async (url) =>
      url.endsWith('/models')
        ? Response.json({ data: [{ id: 'm' }] })
        : Response.json({ error: { message: 'no' } }, { status: 422 }),
  })
  const text = { type: 'text', text: 'a' }
  const bodies: [path: string, body: object][] = [
    [
      'chat/completions',
      {
        model: 'm',
        messages: [
          { role: 'user', content: [text] },
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'c', content: 'a' },
        ],
        tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
        stream_options: { include_usage: true },
        stop: ['a'],
      },
    ],
    ['completions', { model: 'm', prompt: ['a'], stop: 'a' }],
    ['embeddings', { model: 'm', input: ['a'], dimensions: 3 }],
    [
      'messages',
      {
        model: 'm',
        max_tokens: 5,
        system: [text],
        messages: [
          {
            role: 'user',
            content: [
              text,
              { type: 'image', source: { type: 'base64', data: 'a', media_type: 'image/png' } },
            ],
          },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [text] }] },
        ],
        tools: [
          { name: 'f', input_schema: {} },
          { type: 'web_search_20250305', name: 'web_search' },
        ],
        tool_choice: { type: 'tool', name: 'f' },
        thinking: { type: 'enabled', budget_tokens: 1024 },
      },
    ],
    [
      'responses',
      {
        model: 'm',
        input: [
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
          { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: 'a' },
          { type: 'reasoning', id: 'r', summary: [] },
        ],
        tools: [
          { type: 'function', name: 'f', parameters: {} },
          { type: 'custom', name: 'g' },
        ],
        tool_choice: { type: 'function', name: 'f' },
        text: { format: { type: 'text' } },
        reasoning: { effort: 'low' },
        include: ['a'],
      },
    ],
  ]
  for (const [path, body] of bodies) {
    for (const variant of variants(body)) {
      const request = new Request(`http://localhost/v1/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(variant),
      })
      const { status } = await handler.fetch(request)
      expect(status, `${path} ${JSON.stringify(variant)}`).toBeLessThan(500)
    }
  }
}, 60_000)

function sourceOf(variant: unknown) {
  const body = variant as { messages?: unknown; input?: unknown }
  return { body, conversation: body?.messages, inputs: body?.input } as Parameters<
    typeof promptSize
  >[0]
}

function expectOnlyApiErrors(act: () => unknown, variant: unknown): void {
  try {
    act()
  } catch (error) {
    expect(error, JSON.stringify(variant)).toBeInstanceOf(ApiError)
  }
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  expect(({} as { x?: unknown }).x).toBeUndefined()
}
