/** The span that a request was sent in, out of its headers. */
import type { TraceContext } from '../../wire/headers/trace-context.ts'
import { ForeignSpan, ROOT, type SpanParent, type TraceState, within } from './tracer.ts'

/** The context of what the sender's span asked for. */
export function remoteParent(
  { traceId, spanId, isSampled, tracestate }: TraceContext,
  base: SpanParent = ROOT,
): SpanParent {
  return within(
    new ForeignSpan({
      traceId,
      spanId,
      traceFlags: isSampled ? 1 : 0,
      isRemote: true,
      ...(tracestate && { traceState: new ReadTraceState(tracestate) }),
    }),
    base,
  )
}

/** `tracestate` as it came. What an SDK sets is put first, as the W3C asks. */
class ReadTraceState implements TraceState {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get(key: string): string | undefined {
    return this.#entries()
      .find(([name]) => name === key)
      ?.slice(1)
      .join('=')
  }

  set(key: string, value: string): TraceState {
    const rest = this.#without(key)
    return new ReadTraceState([`${key}=${value}`, ...rest].join(','))
  }

  unset(key: string): TraceState {
    return new ReadTraceState(this.#without(key).join(','))
  }

  serialize(): string {
    return this.#text
  }

  #entries(): string[][] {
    return this.#text.split(',').map((entry) => entry.split('='))
  }

  #without(key: string): string[] {
    return this.#text.split(',').filter((entry) => entry !== '' && !entry.startsWith(`${key}=`))
  }
}
