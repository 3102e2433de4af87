/** Ends the stream of an object that was lost as any other stream that fails: with an error, and no end marker. */
import type { ApiError } from '../../src/wire/errors/api-error.ts'
import { messagesError } from '../../src/wire/messages/error.ts'
import { ollamaError } from '../../src/wire/ollama/error.ts'

/** As many of the last bytes as hold the number of an event: its beginning is not wanted. */
const KEPT = 65_536

type Bytes = Uint8Array<ArrayBuffer>

/** Returns the response itself where it is no stream of events. `path`: what was asked for. */
export function endWithError(response: Response, path: string, error: ApiError): Response {
  const type = response.headers.get('content-type') ?? ''
  const isLines = type.includes('ndjson')
  if (!response.body || !(isLines || type.includes('event-stream'))) return response
  // What a tab reads is no answer.
  if (/^\/v1\/tabs\/?$/.test(path)) return response
  const id = response.headers.get('x-request-id') ?? ''
  const body = ending(response.body as ReadableStream<Bytes>, isLines ? '\n' : '\n\n', (last) =>
    isLines ? `${JSON.stringify(ollamaError(error))}\n` : lastEvent(path, last, error, id),
  )
  const { status, headers } = response
  return new Response(body, { status, headers })
}

/** A stream that breaks between two events ends with one more. In the middle of an event it breaks. */
function ending(
  from: ReadableStream<Bytes>,
  separator: string,
  lastOf: (last: string) => string,
): ReadableStream<Bytes> {
  const reader = from.getReader()
  let last: Bytes | undefined
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          last = value
          controller.enqueue(value)
        } catch (cause) {
          const text = last ? new TextDecoder().decode(last.subarray(-KEPT)) : ''
          if (last && !text.endsWith(separator)) return controller.error(cause)
          controller.enqueue(new TextEncoder().encode(lastOf(text)))
          controller.close()
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function lastEvent(path: string, last: string, error: ApiError, id: string): string {
  if (/^\/v1\/messages/.test(path)) {
    return `event: error\ndata: ${JSON.stringify(messagesError(error, id))}\n\n`
  }
  if (!/^\/v1\/responses/.test(path)) return `data: ${JSON.stringify(error.body())}\n\n`
  const number = Number([...last.matchAll(/"sequence_number":(\d+)/g)].at(-1)?.[1] ?? -1) + 1
  const { code, message } = error
  const event = { type: 'error', code, message, param: null, sequence_number: number }
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`
}
