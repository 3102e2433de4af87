import { expect, it } from 'vitest'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { postChat, readStream } from '../support/read.ts'
import { startServer } from '../support/server.ts'
import { newTrace, onlySpan, PARENT, traceparent } from '../support/spans.ts'

/** Deno exports spans itself, and registers its own SDK for that. */
export function denoTraces(): void {
  it('Deno exports the spans itself, with its own, and sluice sends none beside', async () => {
    await using receiver = await startOtlpReceiver()
    await using server = await startServer('deno', ['--static-delay', '1ms'], {
      OTEL_DENO: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_SERVICE_NAME: 'on-deno',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    })
    const traceId = newTrace()
    const headers = { traceparent: traceparent(traceId) }
    const response = await postChat(server.base, { model: 'static' }, { headers })
    expect(await readStream(response)).toMatchObject({ outcome: 'finished' })
    const spans = await receiver.trace(traceId, 3)
    const request = onlySpan(spans, 'POST /v1/chat/completions')
    const attempt = onlySpan(spans, 'chat static')
    // Deno makes a span of its own for a request, which is not active where node:http calls the handler.
    expect(spans.filter(({ scope }) => scope.name === 'deno')).toHaveLength(1)
    expect(request.parentSpanId).toBe(PARENT.spanId)
    expect(attempt.parentSpanId).toBe(request.spanId)
    expect(attempt.resource).toMatchObject({
      'telemetry.sdk.name': 'deno-opentelemetry',
      'service.name': 'on-deno',
    })
    expect(attempt.attributes['gen_ai.operation.name']).toBe('chat')
    expect(attempt.events).toMatchObject([{ name: 'sluice.first_token' }])
  })
}
