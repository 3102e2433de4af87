/**
 * Heartbeats of a Responses stream. The API has no ping that all clients accept:
 *
 * - Codex resets its `stream_idle_timeout_ms` only for events, not for comments.
 * - openai-node 6.45 ends `responses.stream()` with an error at any unknown event type, OpenAI's own
 *   `keepalive` included, and 6.45 to 7.30 replace the whole output with that of a repeated
 *   `response.in_progress`.
 *
 * All of them accept a delta without text, and the state of the response while no output item is
 * incomplete.
 */
import type { ResponseEvent } from '../../wire/responses/request.ts'

/** The delta events of items without parts. */
const ITEM_DELTAS = new Map([
  ['custom_tool_call', 'response.custom_tool_call_input.delta'],
  ['function_call', 'response.function_call_arguments.delta'],
])

/** The delta events of parts. */
const PART_DELTAS = new Map([
  ['output_text', 'response.output_text.delta'],
  ['reasoning_text', 'response.reasoning_text.delta'],
  ['refusal', 'response.refusal.delta'],
  ['summary_text', 'response.reasoning_summary_text.delta'],
])

/**
 * The heartbeat to send after the event `last`, without its sequence number: a delta without text, or
 * `state` for the state of the response. Undefined if clients could misread any event.
 */
export function heartbeatAfter(last: ResponseEvent): ResponseEvent | 'state' | undefined {
  const { type, item, part } = last
  if (type.endsWith('.delta')) {
    return typeof last.delta === 'string' ? emptyDelta(type, last) : undefined
  }
  const ofItem = type === 'response.output_item.added' && ITEM_DELTAS.get(typeOf(item))
  if (ofItem) return emptyDelta(ofItem, { ...last, item_id: (item as { id?: unknown }).id })
  if (type.endsWith('_part.added')) {
    const ofPart = PART_DELTAS.get(typeOf(part))
    return ofPart === undefined ? undefined : emptyDelta(ofPart, last)
  }
  // After the end of a part and before the end of its item, clients could misread any event.
  const ofPiece = ['content_index', 'summary_index', 'arguments', 'input']
  const isPiece = ofPiece.some((field) => field in last)
  return isPiece ? undefined : 'state'
}

/** Tracks the indexes of items that have started and not ended. */
export function trackIncompleteItems(
  halfTold: Set<unknown>,
  { type, output_index, item }: ResponseEvent,
): void {
  if (type === 'response.output_item.done') halfTold.delete(output_index)
  const begins = type === 'response.output_item.added' && ITEM_DELTAS.has(typeOf(item))
  if (begins || type.endsWith('_part.added')) halfTold.add(output_index)
}

function emptyDelta(type: string, place: ResponseEvent): ResponseEvent {
  const { item_id, output_index, content_index, summary_index } = place
  return {
    type,
    item_id,
    output_index,
    ...(content_index !== undefined && { content_index }),
    ...(summary_index !== undefined && { summary_index }),
    delta: '',
    ...(type === 'response.output_text.delta' && { logprobs: [] }),
  }
}

function typeOf(value: unknown): string {
  const { type } = (value ?? {}) as { type?: unknown }
  return typeof type === 'string' ? type : ''
}
