import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { binaryOf, root } from '../../../../scripts/hosts.mjs'
import { GEN_AI_METRICS } from '../../../../src/telemetry/traces/gen-ai.ts'
import { startOtlpReceiver } from '../../../support/otlp-receiver.ts'
import { onlySpan } from '../../../support/spans.ts'

/** A program on Deno with sluice behind `Deno.serve`, whose upstream prints the headers that it gets. */
const PROGRAM = `
import { createServer } from 'node:http'
import { createHandler } from './src/index.ts'
const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [
  { index: 0, message: { role: 'assistant', content: 'Ho' }, finish_reason: 'stop' }] }
const upstream = createServer((request, response) => {
  const isList = request.url === '/v1/models'
  if (!isList) console.log(JSON.stringify(request.rawHeaders))
  response.setHeader('content-type', 'application/json')
  const list = { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'vllm' }] }
  response.end(JSON.stringify(isList ? list : answer))
})
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const url = 'http://127.0.0.1:' + upstream.address().port + '/v1'
const handler = createHandler({ upstream: [url], insecure: true })
const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, (request) => handler.fetch(request))
const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
const headers = { 'content-type': 'application/json' }
const target = 'http://127.0.0.1:' + server.addr.port + '/v1/chat/completions'
const response = await fetch(target, { method: 'POST', headers, body })
await response.text()
await new Promise((resolve) => setTimeout(resolve, 500))
Deno.exit(response.status === 200 ? 0 : 1)
`

it('with Deno’s own export, a request that Deno sends has one trace, below the attempt', async () => {
  await using receiver = await startOtlpReceiver()
  const args = ['eval', '--no-lock', '--node-modules-dir=manual', '--ext=ts', PROGRAM]
  const { stdout } = await promisify(execFile)(binaryOf('deno'), args, {
    cwd: root,
    env: {
      ...process.env,
      ...{
        OTEL_DENO: 'true',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_METRIC_EXPORT_INTERVAL: '100',
      },
    },
  })
  const headers = JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]') as string[]
  const values = headers.filter((_, index) => headers[index - 1]?.toLowerCase() === 'traceparent')
  expect(values).toHaveLength(1)
  const [, traceId, spanId] = values[0]?.split('-') ?? []
  const spans = receiver.spans.filter((span) => span.traceId === traceId)
  const attempt = onlySpan(spans, 'chat m')
  const request = onlySpan(spans, 'POST /v1/chat/completions')
  const sent = spans.find((span) => span.spanId === spanId)
  expect(sent?.parentSpanId).toBe(attempt.spanId)
  expect(attempt.parentSpanId).toBe(request.spanId)
  // Deno's span of the request that it serves.
  const served = spans.find((span) => span.spanId === request.parentSpanId)
  expect(served).toMatchObject({ kind: 'server', scope: { name: 'deno' } })
  const measured = receiver.requests.filter(({ path }) => path === '/v1/metrics')
  for (const name of Object.values(GEN_AI_METRICS).filter((each) => !each.includes('first'))) {
    expect(measured.some(({ body }) => body.includes(name))).toBe(true)
  }
})
