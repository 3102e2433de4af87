import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../src/wire/errors/api-error.ts'
import { endWithError } from '../../../worker/objects/end-with-error.ts'

const error = new ApiError(503, 'It was lost.', { code: 'engine_lost' })

/** A stream that sends these texts, and breaks. */
function breaking(type: string, ...texts: string[]): Response {
  let sent = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const text = texts[sent++]
      if (text === undefined) controller.error(new Error('the object was reset'))
      else controller.enqueue(new TextEncoder().encode(text))
    },
  })
  return new Response(body, { headers: { 'content-type': type } })
}

const sse = 'text/event-stream; charset=utf-8'

describe('the stream of an object that is lost ends with an error of its API', () => {
  it.each([
    ['/v1/chat/completions', sse, 'data: {"a":1}\n\n', /^data: \{"error":\{.*"code":"engine_lost"/],
    ['/v1/completions', sse, 'data: {"a":1}\n\n', /^data: \{"error":\{.*"code":"engine_lost"/],
    ['/v1/messages', sse, 'event: ping\ndata: {}\n\n', /^event: error\ndata: \{"type":"error"/],
    [
      '/v1/responses',
      sse,
      'event: x\ndata: {"type":"x","sequence_number":6}\n\n',
      /^event: error\ndata: \{"type":"error","code":"engine_lost",.*"sequence_number":7\}/,
    ],
    ['/api/chat', 'application/x-ndjson', '{"done":false}\n', /^\{"error":"It was lost\."\}\n$/],
  ])('%s', async (path, type, sent, last) => {
    const text = await endWithError(breaking(type, sent), path, error).text()
    expect(text.startsWith(sent)).toBe(true)
    expect(text.slice(sent.length)).toMatch(last)
    expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed|"done":true/)
  })

  it('but not in the middle of an event, of which nothing true can be made', async () => {
    const response = endWithError(breaking(sse, 'data: {"a":'), '/v1/chat/completions', error)
    await expect(response.text()).rejects.toThrow('the object was reset')
  })

  it('and neither a whole answer nor what a tab reads is touched', () => {
    for (const [type, path] of [
      ['application/json', '/v1/chat/completions'],
      [sse, '/v1/tabs'],
    ] as const) {
      const response = breaking(type, 'x')
      expect(endWithError(response, path, error)).toBe(response)
    }
  })
})
