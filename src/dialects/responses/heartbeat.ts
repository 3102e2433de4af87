/**
 * What keeps a Responses stream open while nothing comes. The API has no ping that all clients take:
 *
 * - Codex counts events alone against its `stream_idle_timeout_ms`: a comment does not help it.
 * - openai-node 6.45 ends `responses.stream()` with an error at any event type that it does not know,
 *   OpenAI's own `keepalive` included, and 6.45 to 7.30 take the output of a repeated
 *   `response.in_progress` for all of the output there is.
 *
 * A delta of no text passes with all of them, and so does the state of the response where none of its
 * output is half told.
 */
import type { ResponseEvent } from '../../wire/responses/request.ts'

/** The deltas of an item that is told without parts. */
const ITEM_DELTAS = new Map([
  ['custom_tool_call', 'response.custom_tool_call_input.delta'],
  ['function_call', 'response.function_call_arguments.delta'],
])

/** The deltas of a part. */
const PART_DELTAS = new Map([
  ['output_text', 'response.output_text.delta'],
  ['reasoning_text', 'response.reasoning_text.delta'],
  ['refusal', 'response.refusal.delta'],
  ['summary_text', 'response.reasoning_summary_text.delta'],
])

/**
 * The event that says nothing new after `last`, without its number: a delta of no text, or `state`
 * where the state of the response may be told. Undefined where any event could be misread.
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
  // Between the end of a part and that of its item.
  const ofPiece = ['content_index', 'summary_index', 'arguments', 'input']
  const isPiece = ofPiece.some((field) => field in last)
  return isPiece ? undefined : 'state'
}

/** Keeps the indexes of items of which some but not all is told. */
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
