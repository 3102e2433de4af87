/** What both of OTLP's formats have in common. */
import type { SpanRecord } from './own-tracer.ts'

/** Unix nanoseconds, exact to a microsecond: a number cannot hold more. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n
}

/** Whether the flags say where the parent is, and that it is in another process. */
const PARENT = { isKnown: 0x100, isRemote: 0x200 }

/** The flags of a span: those of the trace, and where its parent is. */
export function flagsOf({ ids, parent }: SpanRecord): number {
  return ids.traceFlags | PARENT.isKnown | (parent?.isRemote ? PARENT.isRemote : 0)
}
