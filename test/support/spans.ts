// What tests of traces have in common.

import { expect } from 'vitest'
import type { ReceivedSpan } from './otlp-receiver.ts'

/** A trace and a span of it, as in the examples of the W3C. */
export const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

/** The header of a client that has such a trace. */
export function traceparent(traceId: string, flags = '01'): string {
  return `00-${traceId}-${PARENT.spanId}-${flags}`
}

/** Another trace for each test. */
export function newTrace(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

/** The one span of this name. */
export function onlySpan(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name)
  expect(found, `spans named ${name}`).toHaveLength(1)
  return found[0] as ReceivedSpan
}
