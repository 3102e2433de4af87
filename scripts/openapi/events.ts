/** The events of each stream. */
import type { StreamedEvent } from './operation.ts'

/** How OpenAI's streams of chunks end. */
const ends: StreamedEvent[] = [
  { data: { text: '[DONE]' }, description: 'The stream finished. Nothing follows.' },
  {
    data: { component: 'Error' },
    description: 'The stream failed, in the place of `[DONE]`. Nothing follows.',
  },
]

export const chatEvents: StreamedEvent[] = [
  {
    data: { component: 'ChatCompletionChunk' },
    description:
      'The next pieces. The first of a choice carries its role, the last its `finish_reason`; where usage was asked for it comes in one more, with no choices.',
  },
  ...ends,
]

export const textEvents: StreamedEvent[] = [
  {
    data: { component: 'TextCompletion' },
    description:
      'The next pieces, the last of a choice with its `finish_reason`; where usage was asked for it comes in one more, with no choices.',
  },
  ...ends,
]

export const messageEvents: StreamedEvent[] = [
  named('message_start', 'MessageStart', 'The message, of which nothing is said yet.'),
  named('content_block_start', 'MessageBlockStart', 'A block begins: only one is open at a time.'),
  named('content_block_delta', 'MessageBlockDelta', 'The next piece of it.'),
  named('content_block_stop', 'MessageBlockStop', 'It is whole.'),
  named('message_delta', 'MessageDelta', 'How the message ended, and its token counts.'),
  named('message_stop', 'MessageStop', 'The stream finished. Nothing follows.'),
  named('ping', 'MessagePing', 'Keeps the line open, at any time.'),
  named('error', 'MessagesError', 'The stream failed. Nothing follows.'),
]

const state = (name: string, description: string) =>
  named(`response.${name}`, 'ResponseStateEvent', description)

export const responseEvents: StreamedEvent[] = [
  state('created', 'The response, of which nothing is said yet.'),
  state('queued', 'It runs in the background, and waits.'),
  state(
    'in_progress',
    'An engine answers. Told again where the line would be quiet, while no output is half told.',
  ),
  named('response.output_item.added', 'ResponseItemEvent', 'An item begins.'),
  named('response.content_part.added', 'ResponsePartEvent', 'A part of it begins.'),
  named(
    'response.output_text.delta',
    'ResponseDeltaEvent',
    'The next piece of a text. Without text it keeps a quiet line open, as any delta may.',
  ),
  named('response.output_text.done', 'ResponseDoneEvent', 'All of the text.'),
  named('response.refusal.delta', 'ResponseDeltaEvent', 'The next piece of a refusal.'),
  named('response.refusal.done', 'ResponseDoneEvent', 'All of the refusal.'),
  named('response.reasoning_text.delta', 'ResponseDeltaEvent', 'The next piece of a thought.'),
  named('response.reasoning_text.done', 'ResponseDoneEvent', 'All of the thought.'),
  named('response.content_part.done', 'ResponsePartEvent', 'The part is whole.'),
  named(
    'response.reasoning_summary_part.added',
    'ResponsePartEvent',
    'A thought begins, where `reasoning.summary` asked for it.',
  ),
  named('response.reasoning_summary_text.delta', 'ResponseDeltaEvent', 'The next piece of it.'),
  named('response.reasoning_summary_text.done', 'ResponseDoneEvent', 'All of it.'),
  named('response.reasoning_summary_part.done', 'ResponsePartEvent', 'The thought is whole.'),
  named(
    'response.function_call_arguments.delta',
    'ResponseDeltaEvent',
    'The next piece of a call’s arguments.',
  ),
  named('response.function_call_arguments.done', 'ResponseDoneEvent', 'All of the arguments.'),
  named(
    'response.custom_tool_call_input.delta',
    'ResponseDeltaEvent',
    'The next piece of a custom tool’s input.',
  ),
  named('response.custom_tool_call_input.done', 'ResponseDoneEvent', 'All of the input.'),
  named('response.output_item.done', 'ResponseItemEvent', 'The item is whole.'),
  state('completed', 'The stream finished. Nothing follows.'),
  state('incomplete', 'The same, where a limit or a filter ended the answer.'),
  named('error', 'ResponseErrorEvent', 'The stream failed; `response.failed` follows.'),
  state('failed', 'The stream failed, or the response was cancelled. Nothing follows.'),
]

function named(event: string, component: string, description: string): StreamedEvent {
  return { event, data: { component }, description }
}
