/** Requests of Ollama's API. */
import fc from 'fast-check'
import { integer, merged, name, sampling, schema, some, text } from './fields.ts'

const ollamaShared = {
  stream: fc.constantFrom(true, false, null),
  format: fc.oneof(fc.constantFrom('json', '', null), schema),
  options: fc.oneof(
    some({ ...sampling, num_predict: fc.constantFrom(-1, 5), num_ctx: fc.nat(), top_k: fc.nat() }),
    fc.constant(null),
  ),
  think: fc.constantFrom(true, false, 'low', 'max', null),
  keep_alive: fc.constantFrom(0, -1, '5m', '0s', null),
  logprobs: fc.boolean(),
  extra_field: fc.oneof(fc.jsonValue({ maxDepth: 2 }), integer),
}
const pictures = fc.array(
  fc.constantFrom('iVBORw0KGgoAAAANSUhEUg==', '/9j/4AAQSkZJRgABAQEA', 'x'),
  {
    maxLength: 2,
  },
)
const ollamaMessage = fc
  .tuple(
    fc.record({ role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'User') }),
    some({
      content: fc.oneof(text, fc.constant(null)),
      thinking: text,
      images: pictures,
      tool_calls: fc.array(
        fc.record({
          function: fc.record({ name, arguments: fc.oneof(schema, fc.constant('{}')) }),
        }),
        { maxLength: 2 },
      ),
      tool_name: name,
    }),
  )
  .map(merged)
export const ollamaChat = some({
  ...ollamaShared,
  messages: fc.array(ollamaMessage, { maxLength: 4 }),
  tools: fc.array(fc.record({ function: fc.record({ name, parameters: schema }) }), {
    maxLength: 2,
  }),
})
export const ollamaPrompt = some({
  ...ollamaShared,
  prompt: text,
  suffix: text,
  system: text,
  images: pictures,
  template: fc.constantFrom('', '{{ .Prompt }}'),
  raw: fc.boolean(),
  context: fc.constantFrom([], [1, 2], null),
})
