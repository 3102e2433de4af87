/** The frames of a Messages stream. */
import type { MessageEvent } from '../../wire/messages/answer.ts'
import { namedFrame } from '../../wire/sse/sse.ts'

/** The frame of an event, named by its type. */
export function eventFrame(event: MessageEvent): string {
  return namedFrame(event.type, JSON.stringify(event))
}

/** Built as a string, so that a token costs one `JSON.stringify` of its text. */
export function deltaFrame(index: number, type: string, field: string, text: string): string {
  const json = `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${field}":${JSON.stringify(text)}}}`
  return namedFrame('content_block_delta', json)
}
