import { type Fetched, InvalidResponse } from '../../platform/fetch.ts'
import type { SocketResponse } from './connection.ts'
import type { ResponseBody } from './response-body.ts'

const FORMATS = new Map<string, 'gzip' | 'deflate'>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
])

/** Decompresses a response, for servers that compress it although `identity` was requested. */
export function decompressed(response: SocketResponse): Fetched {
  const coding = response.headers.get('content-encoding')?.toLowerCase() || 'identity'
  if (coding === 'identity' || response.body === null) return response
  const format = FORMATS.get(coding)
  if (format === undefined) {
    void response.body.cancel()
    throw new InvalidResponse(
      `content-encoding: expected identity (as requested), gzip or deflate, got ${coding}`,
    )
  }
  const body = streamOf(response.body).pipeThrough(new DecompressionStream(format))
  return { ...response, body: body as ReadableStream<Uint8Array<ArrayBuffer>> }
}

function streamOf(body: ResponseBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await body.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => body.cancel(),
  })
}
