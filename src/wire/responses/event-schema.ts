/** The events of a stream of the Responses API. */
import type { DescribedEvent } from '../validation/describe.ts'
import { responseEventSchemas } from './schema.ts'

const { state, item, part, delta, done, error } = responseEventSchemas

export const responseEvents: DescribedEvent[] = [
  named('response.created', state, 'The response, still without output.'),
  named('response.queued', state, 'It waits to be answered in the background.'),
  named(
    'response.in_progress',
    state,
    'An engine answers. Repeated as a heartbeat while no item is open.',
  ),
  named('response.output_item.added', item, 'An item begins.'),
  named('response.content_part.added', part, 'A part of the item begins.'),
  named(
    'response.output_text.delta',
    delta,
    'The next piece of a text. Any delta may be empty, as a heartbeat.',
  ),
  named('response.output_text.done', done, 'The whole text.'),
  named('response.refusal.delta', delta, 'The next piece of a refusal.'),
  named('response.refusal.done', done, 'The whole refusal.'),
  named('response.reasoning_text.delta', delta, 'The next piece of the reasoning.'),
  named('response.reasoning_text.done', done, 'The whole reasoning.'),
  named('response.content_part.done', part, 'The part is complete.'),
  named(
    'response.reasoning_summary_part.added',
    part,
    'A reasoning summary begins, where `reasoning.summary` asked for it.',
  ),
  named('response.reasoning_summary_text.delta', delta, 'The next piece of the summary.'),
  named('response.reasoning_summary_text.done', done, 'The whole summary.'),
  named('response.reasoning_summary_part.done', part, 'The summary is complete.'),
  named('response.function_call_arguments.delta', delta, 'The next piece of a call’s arguments.'),
  named('response.function_call_arguments.done', done, 'All arguments of the call.'),
  named('response.custom_tool_call_input.delta', delta, 'The next piece of a custom tool’s input.'),
  named('response.custom_tool_call_input.done', done, 'The whole input.'),
  named('response.output_item.done', item, 'The item is complete.'),
  named('response.completed', state, 'The stream finished. Nothing follows.'),
  named('response.incomplete', state, 'The same, where a limit or a filter ended the answer.'),
  named('error', error, 'The stream failed; `response.failed` follows.'),
  named('response.failed', state, 'The stream failed or was cancelled. Nothing follows.'),
]

function named(event: string, data: DescribedEvent['data'], description: string): DescribedEvent {
  return { event, data, description }
}
