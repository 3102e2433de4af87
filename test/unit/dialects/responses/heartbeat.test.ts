import { expect, it } from 'vitest'
import { EventWriter } from '../../../../src/dialects/responses/events.ts'
import { heartbeatAfter } from '../../../../src/dialects/responses/heartbeat.ts'
import type { ResponseEvent } from '../../../../src/wire/responses/request.ts'

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
  [{ type: 'response.content_part.added', ...inContent, part: { type: 'toString' } }, undefined],
])('after %o a quiet line gets %o', (last, expected) => {
  expect(heartbeatAfter(last)).toEqual(expected)
})

it('does not tell the state while another item is half told', () => {
  const writer = new EventWriter()
  const told = () => {
    let count = 0
    writer.writeHeartbeat(() => count++)
    return count
  }
  const item = (type: string, output_index: number) => {
    writer.note({ type: `response.output_item.${type}`, output_index, item: { type: 'message' } })
  }
  expect(told()).toBe(1)
  item('added', 0)
  expect(told()).toBe(1)
  writer.note({ type: 'response.content_part.added', output_index: 0, part: { type: 'odd' } })
  item('added', 1)
  item('done', 1)
  expect(told()).toBe(0)
  item('done', 0)
  expect(told()).toBe(1)
})
