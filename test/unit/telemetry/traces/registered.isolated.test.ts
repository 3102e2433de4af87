// A program's own OpenTelemetry SDK, as its packages set it up.

import { context, propagation, type Span, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHandler, defineEngine, type HandlerOptions } from '../../../../src/index.ts'
import type { FetchInit } from '../../../../src/platform/fetch.ts'
import { settingsFromEnv } from '../../../../src/settings/environment.ts'
import { PARENT, traceparent } from '../../../support/spans.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

const CHAT = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Ho' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
}

/** A handler whose upstream answers at once, and the headers that it was sent. */
function handlerOf(options: HandlerOptions = {}) {
  const sent: Record<string, string>[] = []
  const fetch = async (url: string, { headers = {} }: FetchInit) => {
    if (url.endsWith('/models')) {
      return Response.json({
        object: 'list',
        data: [{ id: 'm', object: 'model', created: 1, owned_by: 'vllm' }],
      })
    }
    sent.push(headers)
    return Response.json(ANSWER)
  }
  const upstream = ['gpu=http://127.0.0.1:1/v1']
  const handler = createHandler({ upstream, insecure: true, fetch: fetch as never, ...options })
  const chat = async (headers: Record<string, string> = {}) => {
    const init = {
      method: 'POST',
      body: CHAT,
      headers: { 'content-type': 'application/json', ...headers },
    }
    const response = await handler.fetch(new Request('http://localhost/v1/chat/completions', init))
    expect(response.status).toBe(200)
    await response.text()
  }
  return { handler, sent, chat }
}

const named = (name: string): ReadableSpan => {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name)
  expect(found).toHaveLength(1)
  return found[0] as ReadableSpan
}
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId
const idOf = (span: ReadableSpan | Span) => span.spanContext().spanId

beforeEach(() => exporter.reset())

describe('an SDK that is registered', () => {
  beforeEach(() => {
    trace.setGlobalTracerProvider(provider)
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  afterEach(() => {
    trace.disable()
    context.disable()
    propagation.disable()
  })

  it('gets the spans, below the span that the program is in', async () => {
    const { chat, sent } = handlerOf()
    const own = trace.getTracer('app').startSpan('app')
    await context.with(trace.setSpan(context.active(), own), () =>
      chat({ traceparent: traceparent(PARENT.traceId) }),
    )
    own.end()
    const request = named('POST /v1/chat/completions')
    const attempt = named('chat m')
    expect(parentOf(request)).toBe(idOf(own))
    expect(parentOf(attempt)).toBe(idOf(request))
    expect(attempt.attributes).toMatchObject({
      'gen_ai.provider.name': 'vllm',
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.output_tokens': 1,
    })
    expect(request.instrumentationScope.name).toBe('sluice')
    const { traceId } = own.spanContext()
    expect(sent[0]?.traceparent).toBe(`00-${traceId}-${idOf(attempt)}-01`)
  })

  it('gets them below the span that the client names, where the program is in none', async () => {
    const { chat, sent } = handlerOf()
    const state = 'vendor=1'
    await chat({ traceparent: traceparent(PARENT.traceId), tracestate: state })
    const request = named('POST /v1/chat/completions')
    expect(request.spanContext().traceId).toBe(PARENT.traceId)
    expect(request.parentSpanContext).toMatchObject({ spanId: PARENT.spanId, isRemote: true })
    expect(sent[0]).toMatchObject({ tracestate: state })
  })

  it('is found when it is registered late, and given up when it is no longer', async () => {
    trace.disable()
    const { chat } = handlerOf()
    await chat()
    expect(exporter.getFinishedSpans()).toEqual([])
    trace.setGlobalTracerProvider(provider)
    await chat()
    expect(exporter.getFinishedSpans()).toHaveLength(2)
    trace.disable()
    await chat()
    expect(exporter.getFinishedSpans()).toHaveLength(2)
  })

  it('gets none where traces are switched off, and headers are passed on', async () => {
    const { chat, sent } = handlerOf({ traces: false })
    const header = traceparent(PARENT.traceId)
    await chat({ traceparent: header })
    expect(exporter.getFinishedSpans()).toEqual([])
    expect(sent[0]?.traceparent).toBe(header)
  })

  it.each([
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_TRACES_EXPORTER: 'console' },
    { OTEL_TRACES_EXPORTER: 'zipkin' },
  ])('gets them where its exporter is one that sluice has not: %j', async (env) => {
    const all = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', ...env }
    const { log: _, ...settings } = settingsFromEnv(all, () => {})
    await handlerOf(settings).chat()
    expect(exporter.getFinishedSpans()).toHaveLength(2)
    exporter.reset()
    trace.disable()
    const tracer = provider.getTracer('mine')
    await handlerOf({ ...settings, telemetry: { tracer } }).chat()
    expect(exporter.getFinishedSpans()).toHaveLength(2)
  })

  it('decides what is recorded, which the upstream is told', async () => {
    trace.disable()
    const none = new BasicTracerProvider({
      sampler: new TraceIdRatioBasedSampler(0),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    trace.setGlobalTracerProvider(none)
    const { chat, sent } = handlerOf()
    await chat()
    expect(exporter.getFinishedSpans()).toEqual([])
    expect(sent[0]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  })
})

it('a tracer that the program gives comes before all others', async () => {
  const { chat } = handlerOf({
    telemetry: { tracer: provider.getTracer('mine', '7') },
    otlpEndpoint: 'http://127.0.0.1:1',
  })
  await chat()
  expect(named('chat m').instrumentationScope).toMatchObject({ name: 'mine', version: '7' })
})

const CLIENT = { traceparent: traceparent(PARENT.traceId), tracestate: 'vendor=1' }
const UNSAMPLED = { ...CLIENT, traceparent: traceparent(PARENT.traceId, '00') }

it.each([
  ['always_off', {}],
  ['always_off', CLIENT],
  ['always_off', UNSAMPLED],
  ['traceidratio', {}],
  ['traceidratio', CLIENT],
  ['parentbased_always_off', {}],
  ['parentbased_always_off', UNSAMPLED],
  ['parentbased_traceidratio', {}],
] as const)('a trace that %s does not record goes on as it came: %j', async (sampler, headers) => {
  const { chat, sent } = handlerOf({
    ...{ otlpEndpoint: 'http://127.0.0.1:1', tracesSampler: sampler, tracesSamplerArg: 0 },
  })
  await chat(headers)
  const { traceparent: parent, tracestate } = sent[0] ?? {}
  expect({ ...(parent && { traceparent: parent }), ...(tracestate && { tracestate }) }).toEqual(
    headers,
  )
})

it('without any of them nothing is recorded, and no header is made', async () => {
  const { chat, sent } = handlerOf()
  await chat()
  expect(exporter.getFinishedSpans()).toEqual([])
  expect(sent[0]).not.toHaveProperty('traceparent')
})

it('what an engine of the program does is below the attempt, and the engine is told its headers', async () => {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const traces: unknown[] = []
  const engine = defineEngine({
    label: 'own',
    models: ['m'],
    async chat(_, { trace: headers }) {
      await Promise.resolve()
      traces.push(headers)
      trace.getTracer('app').startSpan('inside').end()
      return ['Ho']
    },
  })
  try {
    const { chat } = handlerOf({ upstream: [], engines: [engine] })
    await chat({ traceparent: traceparent(PARENT.traceId) })
  } finally {
    trace.disable()
    context.disable()
  }
  const attempt = named('chat m')
  expect(parentOf(named('inside'))).toBe(idOf(attempt))
  expect(traces).toEqual([{ traceparent: `00-${PARENT.traceId}-${idOf(attempt)}-01` }])
})
