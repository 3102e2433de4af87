/** A `fetch` of one's own, which may ignore the signal that it is given. */
import { expect, it, vi } from 'vitest'
import { createHandler } from '../../../src/handler.ts'

const FRAME = `data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n`

it.each(['/v1/chat/completions', '/v1/messages'])(
  'has its body cancelled once the client of %s has left',
  async (path) => {
    const cancelled = vi.fn()
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(FRAME)),
      cancel: cancelled,
    })
    const { fetch } = createHandler({
      insecure: true,
      upstream: ['http://127.0.0.1:1/v1'],
      fetch: async (url) =>
        String(url).endsWith('/models')
          ? Response.json({ data: [{ id: 'm' }] })
          : new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    })
    const leaving = new AbortController()
    const request = new Request(`http://localhost${path}`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'm', stream: true, max_tokens: 9 },
        messages: [{ role: 'user', content: 'hi' }],
      }),
    })
    const answer = await fetch(request)
    const reader = answer.body?.getReader()
    await reader?.read()
    expect(cancelled).not.toHaveBeenCalled()
    leaving.abort()
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
  },
)
