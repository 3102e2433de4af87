import { afterAll, beforeAll, expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { errorScript } from '../support/personas/errors.ts'
import type { PersonaScript } from '../support/personas.ts'
import { postChat } from '../support/read.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import { newTrace, onlySpan as only, traceparent } from '../support/spans.ts'
import { pace, token } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const HELLO = { persona: 'openai', words: ['hello'] } satisfies PersonaScript

/** How spans tell of failed attempts, of the queue, and of each way in which a request ends. */
export function traceEnds(host: HostName): void {
  let receiver: OtlpReceiver
  let a: Upstream
  let b: Upstream
  const server = useServerWith(host, async () => {
    receiver = await startOtlpReceiver()
    const models = [{ id: 'm' }] as never
    a = await startUpstream({ models, script: HELLO })
    b = await startUpstream({ models: [{ id: 'm' }, { id: 'n' }] as never, script: HELLO })
    const upstreams = ['--upstream', `a=${a.url}`, '--upstream', `b=${b.url}`]
    const flags = [...upstreams, '--max-concurrency', '1', '--affinity', 'off']
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50' }
    return { flags: [...flags, '--header-wait', '50ms'], env }
  })
  beforeAll(() => {
    a.script = HELLO
    b.script = HELLO
  })
  afterAll(async () => {
    await a?.close()
    await b?.close()
    await receiver?.close()
  })

  const post = (traceId: string, body: object, init: RequestInit = {}) =>
    postChat(server.base, body, { ...init, headers: { traceparent: traceparent(traceId) } })

  it('a failed attempt and the one after it are siblings, and the failure has its code', async () => {
    const traceId = newTrace()
    a.script = errorScript('ollama_busy')
    const response = await post(traceId, { model: 'm' })
    await response.text()
    a.script = HELLO
    const spans = await receiver.trace(traceId, 3)
    const request = only(spans, 'POST /v1/chat/completions')
    const attempts = spans
      .filter(({ kind }) => kind === 'client')
      .sort(
        (one, other) =>
          Number(one.attributes['sluice.attempt']) - Number(other.attributes['sluice.attempt']),
      )
    expect(attempts).toMatchObject([
      {
        parentSpanId: request.spanId,
        failed: true,
        attributes: { 'sluice.engine': 'a', 'error.type': expect.any(String) },
      },
      { parentSpanId: request.spanId, failed: false, attributes: { 'sluice.engine': 'b' } },
    ])
    expect(request).toMatchObject({ failed: false, attributes: { 'sluice.attempts': 2 } })
  })

  it('the time in the queue is a span', async () => {
    const [running, waiting] = [newTrace(), newTrace()]
    b.script = pace(10, 40)
    const first = await post(running, { model: 'n' })
    const second = await post(waiting, { model: 'n' })
    await Promise.all([first.text(), second.text()])
    b.script = HELLO
    const spans = await receiver.trace(waiting, 3)
    const request = only(spans, 'POST /v1/chat/completions')
    const queue = only(spans, 'sluice.queue')
    const attempt = only(spans, 'chat n')
    expect(queue).toMatchObject({ kind: 'internal', parentSpanId: request.spanId })
    expect(queue.end - queue.start).toBeGreaterThan(100)
    expect(attempt.start).toBeGreaterThanOrEqual(queue.end - 1)
  })

  it('a request that is refused has a span, and no attempt', async () => {
    const traceId = newTrace()
    expect((await post(traceId, { model: 'none' })).status).toBe(404)
    expect(await receiver.trace(traceId, 1)).toMatchObject([
      {
        name: 'POST /v1/chat/completions',
        failed: false,
        attributes: {
          'http.response.status_code': 404,
          'sluice.outcome': 'refused',
          'sluice.error.code': 'model_not_found',
        },
      },
    ])
  })

  it('a stream that breaks off is a failure of the attempt and of the request', async () => {
    const traceId = newTrace()
    b.script = { steps: [{ send: token('hel') }, { cut: true }] }
    await (await post(traceId, { model: 'n' })).text()
    b.script = HELLO
    const spans = await receiver.trace(traceId, 2)
    for (const span of spans) {
      expect(span).toMatchObject({
        failed: true,
        attributes: { 'error.type': 'upstream_truncated' },
      })
    }
  })

  it('what a client leaves is cancelled, which is no failure', needs(host, 'hangups'), async () => {
    const traceId = newTrace()
    b.script = pace(200, 20)
    const control = new AbortController()
    const response = await post(traceId, { model: 'n' }, { signal: control.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    control.abort()
    const spans = await receiver.trace(traceId, 2)
    b.script = HELLO
    const request = only(spans, 'POST /v1/chat/completions')
    expect(request).toMatchObject({ failed: false, attributes: { 'sluice.outcome': 'cancelled' } })
    expect(only(spans, 'chat n').failed).toBe(false)
  })
}
