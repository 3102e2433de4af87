import { expect, it } from 'vitest'
import { quietEvent } from '../../../../src/dialects/responses/heartbeat.ts'
import type { ResponseEvent } from '../../../../src/wire/responses.ts'

const place = { item_id: 'i', output_index: 1 }
const inContent = { ...place, content_index: 2 }

it.each<[ResponseEvent, unknown]>([
  [
    { type: 'response.output_text.delta', ...inContent, delta: 'x', obfuscation: 'y' },
    { type: 'response.output_text.delta', ...inContent, delta: '', logprobs: [] },
  ],
  [
    { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta: 'x' },
    { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta: '' },
  ],
  [
    { type: 'response.content_part.added', ...inContent, part: { type: 'reasoning_text' } },
    { type: 'response.reasoning_text.delta', ...inContent, delta: '' },
  ],
  [
    {
      type: 'response.output_item.added',
      output_index: 1,
      item: { id: 'i', type: 'function_call' },
    },
    { type: 'response.function_call_arguments.delta', ...place, delta: '' },
  ],
  [
    {
      type: 'response.output_item.added',
      output_index: 1,
      item: { id: 'i', type: 'custom_tool_call' },
    },
    { type: 'response.custom_tool_call_input.delta', ...place, delta: '' },
  ],
  // Nothing of the output is half told.
  [{ type: 'response.created', response: {} }, 'state'],
  [{ type: 'response.output_item.added', output_index: 0, item: { type: 'message' } }, 'state'],
  [{ type: 'response.output_item.done', output_index: 0, item: { type: 'message' } }, 'state'],
  [{ type: 'response.web_search_call.searching', ...place }, 'state'],
  // A client's state would lose what it has of the item, and a delta comes too late.
  [{ type: 'response.output_text.done', ...inContent, text: 'x' }, undefined],
  [{ type: 'response.content_part.done', ...inContent, part: {} }, undefined],
  [{ type: 'response.function_call_arguments.done', ...place, arguments: '' }, undefined],
  [{ type: 'response.custom_tool_call_input.done', ...place, input: '' }, undefined],
  // What a server's own events grow by is not known.
  [{ type: 'response.odd.delta', ...place, delta: { x: 1 } }, undefined],
  [{ type: 'response.content_part.added', ...inContent, part: { type: 'odd' } }, undefined],
])('after %o a quiet line gets %o', (last, expected) => {
  expect(quietEvent(last)).toEqual(expected)
})
