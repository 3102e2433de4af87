/** Requests as clients write them, of every API, with most of the fields that sluice knows. */
import fc from 'fast-check'
import { image, merged, name, sampling, schema, some, text } from './fields.ts'
import { ollamaChat, ollamaPrompt } from './ollama-bodies.ts'

export const PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/responses',
  '/api/chat',
  '/api/generate',
] as const
export type Path = (typeof PATHS)[number]

const usage = { stream_options: fc.constantFrom({ include_usage: true }, null, {}) }

const chatContent = fc.oneof(
  text,
  fc.array(
    text.map((each) => ({ type: 'text', text: each })),
    { maxLength: 2 },
  ),
)
const chatMessage = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer'), content: chatContent }),
  fc.record({ role: fc.constant('user'), content: chatContent }),
  fc.record({
    role: fc.constant('user'),
    content: image.map((url) => [{ type: 'image_url', image_url: { url } }]),
  }),
  fc.record({ role: fc.constant('assistant'), content: fc.option(text) }),
  fc.tuple(name, text).map(([called, args]) => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: called, arguments: args } }],
  })),
  fc.record({ role: fc.constant('tool'), tool_call_id: fc.constant('call_1'), content: text }),
)
const chatTool = fc.tuple(name, schema).map(([called, parameters]) => ({
  type: 'function',
  function: { name: called, description: 'x', parameters },
}))

const chat = fc
  .tuple(
    fc.record({
      messages: fc.array(chatMessage, { minLength: 1, maxLength: 5 }),
      stream: fc.boolean(),
    }),
    some({
      ...{ ...sampling, ...usage, max_tokens: fc.constantFrom(1, 32_000, -1, null) },
      tools: fc.array(chatTool, { minLength: 1, maxLength: 3 }),
      tool_choice: fc.constantFrom('auto', 'none', 'required'),
      response_format: fc.constantFrom({ type: 'text' }, { type: 'json_object' }),
      n: fc.constantFrom(1, 2, null),
      logit_bias: fc.constantFrom({}, { 1: 1 }),
    }),
  )
  .map(merged)

const tokens = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 4 })
const completions = fc
  .tuple(
    fc.record({
      prompt: fc.oneof(
        text,
        fc.array(text, { minLength: 1, maxLength: 2 }),
        tokens,
        fc.array(tokens, { minLength: 1, maxLength: 2 }),
      ),
      stream: fc.boolean(),
    }),
    some({
      ...sampling,
      ...usage,
      n: fc.constantFrom(1, 2),
      echo: fc.boolean(),
      suffix: text,
      best_of: fc.constant(2),
    }),
  )
  .map(merged)

const embeddings = fc
  .tuple(
    fc.record({ input: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 }), tokens) }),
    some({
      encoding_format: fc.constantFrom('float', 'base64'),
      dimensions: fc.constant(2),
      user: text,
    }),
  )
  .map(merged)

const textBlock = text.map((each) => ({ type: 'text', text: each }))
const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' }
const block = fc.oneof(
  textBlock,
  fc.constantFrom(
    { type: 'image', source },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, title: 'T' },
  ),
  text.map((content) => ({ type: 'tool_result', tool_use_id: 'a', content })),
)
const message = fc.oneof(
  fc.record({
    role: fc.constant('user'),
    content: fc.oneof(text, fc.array(block, { maxLength: 3 })),
  }),
  fc.record({ role: fc.constant('assistant'), content: text }),
  fc.tuple(name, fc.dictionary(text, fc.nat(), { maxKeys: 2 })).map(([called, input]) => ({
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'tool_use', id: 'a', name: called, input },
    ],
  })),
)
const conversation = {
  messages: fc.array(message, { minLength: 1, maxLength: 5 }),
}
const messageFields = {
  system: fc.oneof(text, fc.array(textBlock, { maxLength: 2 })),
  tools: fc.array(fc.record({ name, description: text, input_schema: schema }), {
    minLength: 1,
    maxLength: 2,
  }),
  tool_choice: fc.constantFrom(
    { type: 'auto' },
    { type: 'any' },
    { type: 'none' },
    { type: 'tool', name: 'f' },
  ),
  thinking: fc.constantFrom({ type: 'enabled', budget_tokens: 2_000 }, { type: 'disabled' }),
}
const messages = fc
  .tuple(
    fc.record({ ...conversation, max_tokens: fc.constantFrom(1, 32_000), stream: fc.boolean() }),
    some({
      ...messageFields,
      stop_sequences: fc.array(text, { maxLength: 2 }),
      temperature: fc.constant(1),
      top_k: fc.constant(5),
      metadata: fc.constant({ user_id: 'u' }),
      output_config: fc.constantFrom({ effort: 'low' }, {}),
    }),
  )
  .map(merged)
const counted = fc.tuple(fc.record(conversation), some(messageFields)).map(merged)

const part = fc.oneof(
  text.map((each) => ({ type: 'input_text', text: each })),
  image.map((image_url) => ({ type: 'input_image', image_url, detail: 'low' })),
)
const item = fc.oneof(
  fc.record({
    role: fc.constantFrom('user', 'developer', 'system'),
    content: fc.oneof(text, fc.array(part, { maxLength: 2 })),
  }),
  text.map((each) => ({
    role: 'assistant',
    content: [{ type: 'output_text', text: each, annotations: [] }],
  })),
  fc.constantFrom(
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: '1' }] },
    { type: 'item_reference', id: 'msg_none' },
  ),
  text.map((output) => ({ type: 'function_call_output', call_id: 'a', output })),
)
const responses = fc
  .tuple(
    fc.record({
      input: fc.oneof(text, fc.array(item, { minLength: 1, maxLength: 5 })),
      stream: fc.boolean(),
    }),
    some({
      instructions: fc.option(text),
      tools: fc.array(
        fc.record({
          type: fc.constant('function'),
          name,
          parameters: schema,
          strict: fc.constant(null),
        }),
        { maxLength: 2 },
      ),
      tool_choice: fc.constantFrom('auto', 'none', 'required'),
      parallel_tool_calls: fc.boolean(),
      text: fc.constantFrom({ format: { type: 'text' }, verbosity: 'low' }, {}),
      reasoning: fc.constantFrom({ effort: 'low', summary: 'auto' }, null),
      include: fc.constantFrom(['reasoning.encrypted_content'], []),
      max_output_tokens: fc.constantFrom(16, null),
      metadata: fc.constantFrom({ a: 'b' }, null),
      store: fc.boolean(),
      background: fc.boolean(),
      previous_response_id: fc.constantFrom('resp_none', null),
      temperature: fc.constant(1),
    }),
  )
  .map(merged)

export const bodies: Record<Path, fc.Arbitrary<object>> = {
  '/v1/chat/completions': chat,
  '/v1/completions': completions,
  '/v1/embeddings': embeddings,
  '/v1/messages': messages,
  '/v1/messages/count_tokens': counted,
  '/v1/responses': responses,
  '/api/chat': ollamaChat,
  '/api/generate': ollamaPrompt,
}
