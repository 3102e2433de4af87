import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../../src/handler.ts'
import type { Fetch } from '../../../../src/platform/fetch.ts'
import type { Exchange } from '../../../../src/stream/exchange.ts'
import type { ExchangeTap } from '../../../../src/stream/observer.ts'
import { Telemetry } from '../../../../src/telemetry/telemetry.ts'

const SERVER = 'http://10.9.8.7:1234/v1'

const frame = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`

const STREAM = [
  frame({ role: 'assistant', content: 'a' }),
  frame({ content: 'b' }),
  frame({ content: 'c' }),
  frame({}, 'stop'),
  'data: [DONE]\n\n',
]

const COMPLETION = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'abc' }, finish_reason: 'stop' }],
})

interface Answer {
  status?: number
  type?: string
  packets: readonly string[]
  /** Whether the host's own client pushes packets, as on Node. */
  pushes?: boolean
}

/** What the taps of the one exchange saw, what the client received, and what the server was sent. */
async function seen(
  path: string,
  body: object,
  answer: Answer,
  onExchange: (exchange: Exchange, tap: ExchangeTap) => void = (exchange, tap) => {
    exchange.taps = [tap]
  },
) {
  const received: string[] = []
  const sent: string[] = []
  const requests: unknown[] = []
  const responses: unknown[] = []
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const tap: ExchangeTap = {
    onReceived: (bytes) => received.push(text(bytes)),
    onSent: (pieces) => sent.push(...pieces.map(text)),
    onEngineRequest: ({ method, path, body, secrets }) =>
      requests.push({ method, path, body, secrets }),
    onEngineResponse: ({ status, headers }) => responses.push({ status, headers }),
  }
  const telemetry = new Telemetry()
  const sentToServer: unknown[] = []
  const fetch: Fetch = async (url, init) => {
    if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm', object: 'model' }] })
    sentToServer.push(init.body)
    return answered(answer)
  }
  const handler = createHostedHandler(
    { upstream: [`gpu=${SERVER}`], upstreamKey: ['sk-of-the-server'], insecure: true },
    { fetch, telemetry },
  )
  // Instead of what the settings ask for.
  telemetry.observe([{ onExchange: (_request, exchange) => onExchange(exchange, tap) }])
  const response = await handler.fetch(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  )
  const client = await response.text()
  return { status: response.status, client, received, sent, requests, responses, sentToServer }
}

function answered({ status = 200, type = 'text/event-stream', packets, pushes }: Answer) {
  const bytes = packets.map((packet) => new TextEncoder().encode(packet))
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = bytes.shift()
      if (next) controller.enqueue(next)
      else controller.close()
    },
  })
  const response = new Response(stream, { status, headers: { 'content-type': type } })
  if (!pushes) return response
  const reader = stream.getReader()
  const body = {
    getReader: () => ({
      read: () => reader.read() as never,
      cancel: (reason?: unknown) => reader.cancel(reason),
      async forEachPacket(take: (packet: Uint8Array<ArrayBuffer>) => Promise<unknown> | undefined) {
        for (let next = await reader.read(); !next.done; next = await reader.read())
          await take(next.value)
      },
    }),
    cancel: () => reader.cancel(),
  }
  return { status, ok: response.ok, headers: response.headers, body }
}

const CHAT = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] }

describe('the bytes of a stream', () => {
  it.each([false, true])('are seen as the server sent them (pushed: %s)', async (pushes) => {
    const found = await seen('/v1/chat/completions', CHAT, { packets: STREAM, pushes })
    expect(found.received).toEqual(STREAM)
    expect(found.sent.join('')).toBe(found.client)
    expect(found.client).toBe(STREAM.join(''))
  })

  it('are seen where the answer is translated', async () => {
    const asked = { ...CHAT, max_tokens: 9 }
    const found = await seen('/v1/messages', asked, { packets: STREAM })
    expect(found.received).toEqual(STREAM)
    expect(found.sent.join('')).toBe(found.client)
    expect(found.client).toContain('event: message_stop')
  })

  it('are those of the client without a tap, and nothing else is seen', async () => {
    const found = await seen('/v1/chat/completions', CHAT, { packets: STREAM }, () => {})
    expect(found).toMatchObject({ client: STREAM.join(''), received: [], sent: [], requests: [] })
  })

  it.each([false, true])('are seen from when a tap is added (pushed: %s)', async (pushes) => {
    const found = await seen(
      '/v1/chat/completions',
      CHAT,
      { packets: STREAM, pushes },
      (exchange, tap) => {
        let tokens = 0
        exchange.timeline.observers = [
          {
            onToken() {
              if (++tokens === 2) exchange.taps = [tap]
            },
          },
        ]
      },
    )
    expect(found.received).toEqual(STREAM.slice(2))
    expect(found.sent.join('')).toBe(STREAM.slice(1).join(''))
    expect(found.requests).toEqual([])
  })

  it('are no longer seen when the tap is removed', async () => {
    const found = await seen('/v1/chat/completions', CHAT, { packets: STREAM }, (exchange, tap) => {
      exchange.taps = [tap]
      const onToken = () => {
        exchange.taps = []
      }
      exchange.timeline.observers = [{ onToken }]
    })
    expect(found.received).toEqual(STREAM.slice(0, 1))
    expect(found.sent).toEqual([])
    expect(found.client).toBe(STREAM.join(''))
  })
})

describe('the bytes of other answers', () => {
  it('are seen of a complete answer, on both sides', async () => {
    const packets = [COMPLETION.slice(0, 20), COMPLETION.slice(20)]
    const asked = { ...CHAT, stream: false }
    const found = await seen('/v1/chat/completions', asked, { type: 'application/json', packets })
    expect(found).toMatchObject({ received: packets, client: COMPLETION, sent: [COMPLETION] })
  })

  it('are seen of a refusal, on both sides', async () => {
    const packets = ['{"error":{"message":"too long","code":"context_length_exceeded"}}']
    const type = 'application/json'
    const found = await seen('/v1/chat/completions', CHAT, { status: 400, type, packets })
    expect(found.status).toBe(400)
    // Without the fields that it may not know, it is asked a second time.
    expect(new Set(found.received)).toEqual(new Set(packets))
    expect(found.received.length).toBe(found.requests.length)
    expect(found.sent).toEqual([found.client])
  })

  it('are seen of what is no answer of an API', async () => {
    const packets = ['<html>', 'Welcome to nginx</html>']
    const found = await seen('/v1/chat/completions', CHAT, { type: 'text/html', packets })
    expect(found.status).toBe(502)
    expect(found.received.length).toBeGreaterThan(0)
    expect(packets.join('')).toContain(found.received.join(''))
  })

  it('are seen of an answer that is forwarded', async () => {
    const packets = ['\u0001\u0002', '\u0003']
    const asked = { model: 'm', input: 'hi', voice: 'v' }
    const found = await seen('/v1/audio/speech', asked, { type: 'audio/mpeg', packets })
    expect(found).toMatchObject({ received: packets, client: packets.join('') })
    expect(found.sent.join('')).toBe(found.client)
  })

  it('are seen of an answer in JSON that is forwarded', async () => {
    const packets = ['{"results":[]}']
    const asked = { model: 'm', query: 'q', documents: ['d'] }
    const found = await seen('/v1/rerank', asked, { type: 'application/json', packets })
    expect(found).toMatchObject({ received: packets, sent: packets, client: packets[0] })
  })
})

describe('a request to a server', () => {
  it('is seen with its answer’s head, and with what must not be shown of it', async () => {
    const found = await seen('/v1/chat/completions', CHAT, { packets: STREAM })
    expect(found.requests).toEqual([
      {
        method: 'POST',
        path: '/chat/completions',
        body: found.sentToServer[0],
        secrets: ['sk-of-the-server', '10.9.8.7:1234'],
      },
    ])
    expect(found.responses).toEqual([
      { status: 200, headers: [['content-type', 'text/event-stream']] },
    ])
  })
})
