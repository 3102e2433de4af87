// No span holds a word that an upstream chose: it may have put a part of a prompt there.

import { expect, it } from 'vitest'
import { RequestSpans } from '../../../../src/telemetry/traces/request-spans.ts'
import type { Span, SpanAttributes, SpanTracer } from '../../../../src/telemetry/traces/tracer.ts'
import { ApiError, toApiError } from '../../../../src/wire/errors/api-error.ts'
import { observed, silentExchange } from '../../../support/observed.ts'

/** What the spans of a request say that failed twice with this error, first before an answer. */
function toldOf(error: unknown): string {
  const told: unknown[] = []
  const span = (name: string, attributes: SpanAttributes): Span => {
    told.push(name, attributes)
    return {
      spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
      setAttributes: (more: SpanAttributes) => told.push(more),
      setStatus: (status: object) => told.push(status),
      addEvent: (event: string, more: SpanAttributes) => told.push(event, more),
      end() {},
    } as unknown as Span
  }
  const tracer = {
    startSpan: (name: string, { attributes }: { attributes: SpanAttributes }) =>
      span(name, attributes),
  } as unknown as SpanTracer
  const request = observed({ status: 502, outcome: 'failed', failure: error })
  const spans = new RequestSpans(request, { tracer, active: undefined })
  const exchange = silentExchange()
  request.exchange = exchange
  spans.begin(exchange)
  exchange.timeline.attempt('gpu', 'm')
  exchange.timeline.attemptFailed('gpu failed', error)
  exchange.timeline.attempt('gpu', 'm')
  exchange.fail(toApiError(error))
  spans.end()
  return JSON.stringify(told)
}

const SECRET = 'the_patient_has_gout'

it.each([
  ['a code of its own', new ApiError(502, `It says ${SECRET}.`, { code: SECRET })],
  ['a code and a field', new ApiError(400, SECRET, { code: SECRET, param: SECRET })],
  ['no code', new ApiError(502, SECRET)],
  ['something other than an error of the API', new Error(SECRET)],
  ['a text', SECRET],
])('an upstream that fails with %s puts nothing into a span', (_, error) => {
  const told = toldOf(error)
  expect(told).toContain('error.type')
  expect(told).not.toContain(SECRET)
})

it('a code of sluice is in both spans', () => {
  const told = toldOf(new ApiError(502, 'It is gone.', { code: 'upstream_unreachable' }))
  expect(told.match(/"error.type":"upstream_unreachable"/g)?.length).toBeGreaterThan(1)
})
