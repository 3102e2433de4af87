/** Which traces are recorded, by the samplers that OpenTelemetry names. */
import type { SpanContext } from './tracer.ts'

export const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const

export type SamplerName = (typeof SAMPLERS)[number]

/** Whether a span is recorded; `parent`: the span that it belongs to, where there is one. */
export type Sampler = (traceId: string, parent: SpanContext | undefined) => boolean

/** `ratio`: the share of traces that those named `…traceidratio` record, from 0 to 1. */
export function samplerOf(name: SamplerName, ratio: number): Sampler {
  const own = ownSampler(name.replace('parentbased_', ''), ratio)
  if (!name.startsWith('parentbased_')) return own
  return (traceId, parent) =>
    parent === undefined ? own(traceId, parent) : (parent.traceFlags & 1) === 1
}

function ownSampler(name: string, ratio: number): Sampler {
  if (name === 'always_off') return () => false
  if (name === 'always_on') return () => true
  // OpenTelemetry's consistent probability sampling: of the last 56 bits of an id, which are random, the high
  // values are kept, so that all who sample so keep the same traces. A number holds 52 of these bits.
  const threshold = (1 - ratio) * 2 ** 52
  return (traceId) => Number.parseInt(traceId.slice(-14, -1), 16) >= threshold
}
