import { afterAll, describe, expect, it } from 'vitest'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import type { PersonaScript } from '../support/personas.ts'
import { postChat, readStream } from '../support/read.ts'
import { logOf } from '../support/relay.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { newTrace, onlySpan as only, PARENT, traceparent } from '../support/spans.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { denoTraces } from './traces-deno.ts'
import { traceEnds } from './traces-ends.ts'
import { traceFaults } from './traces-faults.ts'

const HELLO = { persona: 'openai', words: ['hello'] } satisfies PersonaScript

const messages = [{ role: 'user', content: 'Hi' }]

/** What is sent to each route, besides the model. */
const BODIES: Record<string, object> = {
  '/v1/chat/completions': { messages },
  '/v1/completions': { prompt: 'Hi' },
  '/v1/messages': { messages, max_tokens: 5 },
  '/v1/messages/count_tokens': { messages },
  '/v1/responses': { input: 'Hi' },
  '/v1/embeddings': { input: 'Hi' },
  '/v1/rerank': { query: 'Hi', documents: ['Ho'] },
  '/api/chat': { messages },
}

/** Spans of two sluices in a row, at a stand-in for an OpenTelemetry collector. */
export function traces(host: HostName): void {
  describe.each(['http/protobuf', 'http/json'])('spans by %s', (protocol) =>
    chained(host, protocol),
  )
  describe('without an endpoint', () => passedOn(host))
  describe('attempts, the queue and ends', () => traceEnds(host))
  describe('endpoints that fail', () => traceFaults(host))
  if (host === 'deno') describe('by Deno', denoTraces)
}

function chained(host: HostName, protocol: string): void {
  let receiver: OtlpReceiver
  let upstream: Upstream
  const env = (name: string) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b',
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_SERVICE_NAME: name,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=ignored',
  })
  const second = useServerWith(host, async () => {
    receiver = await startOtlpReceiver()
    upstream = await startUpstream({ models: [{ id: 'm' }] as never, script: HELLO })
    return { flags: ['--upstream', `gpu=${upstream.url}`], env: env('second') }
  })
  const first = useServerWith(host, async () => {
    return { flags: ['--upstream', `next=${second.base}`], env: env('first') }
  })
  afterAll(async () => {
    await upstream?.close()
    await receiver?.close()
  })

  it('are one trace of two sluices, each below the attempt that asked it', async () => {
    const traceId = newTrace()
    const response = await postChat(
      first.base,
      { model: 'm', stream_options: { include_usage: true } },
      {
        headers: {
          traceparent: traceparent(traceId),
          tracestate: 'vendor=1',
          'session-id': 'se-1',
        },
      },
    )
    expect(await readStream(response, { usage: true })).toMatchObject({ outcome: 'finished' })
    const spans = await receiver.trace(traceId, 4)
    expect(spans).toHaveLength(4)
    const of = (service: string) =>
      spans.filter(({ resource }) => resource['service.name'] === service)
    const [outer, inner] = [of('first'), of('second')]
    const request = only(outer, 'POST /v1/chat/completions')
    const attempt = only(outer, 'chat m')
    const relayed = only(inner, 'POST /v1/chat/completions')
    const asked = only(inner, 'chat m')
    expect(request).toMatchObject({ kind: 'server', parentSpanId: PARENT.spanId })
    expect(attempt.attributes['gen_ai.conversation.id']).toBe('se-1')
    expect(attempt).toMatchObject({ kind: 'client', parentSpanId: request.spanId })
    expect(relayed).toMatchObject({ kind: 'server', parentSpanId: attempt.spanId })
    expect(asked).toMatchObject({ kind: 'client', parentSpanId: relayed.spanId })
    const { headers } = await upstream.next()
    expect(headers).toMatchObject({
      traceparent: `00-${traceId}-${asked.spanId}-01`,
      tracestate: 'vendor=1',
    })
    expect(asked.traceState).toBe('vendor=1')
    expect(asked.flags & 0x300).toBe(0x100)
    expect(relayed.flags & 0x300).toBe(0x300)
  })

  it('say how the request ended, and nothing of what was said', async () => {
    const traceId = newTrace()
    const response = await postChat(
      first.base,
      { model: 'm', stream_options: { include_usage: true } },
      { headers: { traceparent: traceparent(traceId) } },
    )
    await readStream(response, { usage: true })
    const spans = await receiver.trace(traceId, 4)
    const { id } = await logOf(first, response)
    const request = spans.find(({ attributes }) => attributes['sluice.request.id'] === id)
    expect(request).toMatchObject({
      failed: false,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/chat/completions',
        'http.response.status_code': 200,
        'sluice.outcome': 'finished',
        'sluice.attempts': 1,
      },
      resource: { 'deployment.environment.name': 'test', 'telemetry.sdk.name': 'sluice' },
      scope: { name: 'sluice' },
    })
    const asked = spans.find(({ attributes }) => attributes['sluice.engine'] === 'gpu')
    expect(asked).toMatchObject({
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': expect.any(String),
        'gen_ai.request.model': 'm',
        'gen_ai.request.stream': true,
        'gen_ai.response.time_to_first_chunk': expect.any(Number),
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
        'sluice.attempt': 1,
      },
      events: [{ name: 'sluice.first_token' }],
    })
    const whole = JSON.stringify(spans)
    for (const secret of ['hello', '127.0.0.1', 'a b']) expect(whole).not.toContain(secret)
    for (const { start, end, events } of spans) {
      expect(start).toBeGreaterThan(Date.now() - 60_000)
      expect(end).toBeGreaterThanOrEqual(start)
      for (const { time } of events) expect(time).toBeGreaterThanOrEqual(start)
    }
  })

  it('begin a trace with the id of the request where the client names none', async () => {
    const response = await postChat(first.base, { model: 'm' })
    await response.text()
    const { id } = await logOf(first, response)
    const spans = await receiver.trace(id.replaceAll('-', ''), 4)
    const [root, ...others] = spans.filter(({ parentSpanId }) => parentSpanId === undefined)
    expect(others).toEqual([])
    expect(root?.attributes['sluice.request.id']).toBe(id)
  })

  it('are not recorded where the client does not record its own', async () => {
    const traceId = newTrace()
    const sent = { traceparent: traceparent(traceId, '00'), tracestate: 'a=1, b=2' }
    await (await postChat(first.base, { model: 'm' }, { headers: sent })).text()
    const { headers } = await upstream.next(
      ({ headers }) => headers.traceparent?.includes(traceId) === true,
    )
    expect(headers).toMatchObject({ traceparent: sent.traceparent, tracestate: 'a=1,b=2' })
    // What comes later is there, so that this would be as well.
    const later = newTrace()
    const response = await postChat(
      first.base,
      { model: 'm' },
      { headers: { traceparent: traceparent(later) } },
    )
    await response.text()
    await receiver.trace(later, 4)
    expect(receiver.spans.filter((span) => span.traceId === traceId)).toEqual([])
  })

  it('are sent with the headers of the settings, to the path that OTLP has for them', () => {
    expect(receiver.requests.length).toBeGreaterThan(0)
    for (const { path, headers } of receiver.requests) {
      expect(path).toBe('/v1/traces')
      expect(headers['x-token']).toBe('a b')
    }
  })
}

/** Two sluices without an endpoint. */
function passedOn(host: HostName): void {
  let upstream: Upstream
  const second = useServerWith(host, async () => {
    upstream = await startUpstream({
      models: [{ id: 'm' }] as never,
      script: HELLO,
      passes: ['/v1/rerank'],
      counts: 'vllm',
    })
    return { flags: ['--upstream', `gpu=${upstream.url}`] }
  })
  const first = useServerWith(host, async () => {
    return { flags: ['--upstream', `next=${second.base}`] }
  })
  afterAll(() => upstream?.close())

  const send = async (path: string, headers: Record<string, string>) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
    const body = JSON.stringify({ model: 'm', ...BODIES[path] })
    await (await fetch(`${first.url}${path}`, { ...init, body })).text()
    // The last one: what one server lacks is asked of it in several ways.
    return upstream.requests.filter(({ method }) => method === 'POST').at(-1)?.headers ?? {}
  }

  it.each(Object.keys(BODIES))(
    'the headers of %s reach the upstream as they came',
    async (path) => {
      const sent = { traceparent: traceparent(PARENT.traceId), tracestate: 'congo=t61rcWkgMzE' }
      expect(await send(path, sent)).toMatchObject(sent)
    },
  )

  it('none are sent where none came', async () => {
    const headers = await send('/v1/chat/completions', {})
    expect(headers).not.toHaveProperty('traceparent')
    expect(headers).not.toHaveProperty('tracestate')
  })

  it.each([
    ['in capitals', traceparent(PARENT.traceId.toUpperCase())],
    ['without a trace', traceparent('0'.repeat(32))],
    ['of a version that there is none of', traceparent(PARENT.traceId).replace('00-', 'ff-')],
    ['with too much', `${traceparent(PARENT.traceId)}-01`],
    ['twice', `${traceparent(PARENT.traceId)}, ${traceparent(PARENT.traceId)}`],
  ])('a traceparent %s is not sent on, nor its tracestate', async (_, given) => {
    const headers = await send('/v1/chat/completions', { traceparent: given, tracestate: 'a=1' })
    expect(headers).not.toHaveProperty('traceparent')
    expect(headers).not.toHaveProperty('tracestate')
  })

  it('a tracestate that is none is left out alone', async () => {
    const sent = { traceparent: traceparent(PARENT.traceId), tracestate: 'a=1,a=2' }
    const headers = await send('/v1/chat/completions', sent)
    expect(headers.traceparent).toBe(sent.traceparent)
    expect(headers).not.toHaveProperty('tracestate')
  })
}
