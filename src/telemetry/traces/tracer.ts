/**
 * What records spans, in the shape of `@opentelemetry/api`: a tracer of any OpenTelemetry SDK fits, and so
 * does the one here. Only this shape is used of that package, which therefore need not be installed.
 */

/** A value that OpenTelemetry allows in an attribute. */
export type AttributeValue = string | number | boolean | string[]
/** What a span says besides its name, by the names of the conventions. */
export type SpanAttributes = Record<string, AttributeValue>

/** The ids of a span, by which others name it as their parent. */
export interface SpanContext {
  /** 32 hexadecimal digits in lower case. */
  traceId: string
  /** 16 of them. */
  spanId: string
  /** 1 where it is recorded. */
  traceFlags: number
  isRemote?: boolean
  traceState?: TraceState
}

/** The trace's state of other vendors, as `tracestate` has it. */
export interface TraceState {
  get(key: string): string | undefined
  set(key: string, value: string): TraceState
  unset(key: string): TraceState
  serialize(): string
}

/** A span that was started. */
export interface Span {
  spanContext(): SpanContext
  isRecording(): boolean
  setAttributes(attributes: SpanAttributes): unknown
  addEvent(name: string, attributes: SpanAttributes, time: number): unknown
  setStatus(status: { code: number; message?: string }): unknown
  end(time: number): void
}

/** What is known of a span at its start. Times are Unix milliseconds, with fractions. */
export interface SpanStart {
  /** One of `SPAN_KIND`. */
  kind: number
  startTime: number
  attributes: SpanAttributes
  /** The id of the trace, should it begin here. SDKs choose one themselves. */
  traceId?: string
}

/** Starts spans. Tracers of `@opentelemetry/api` are such, and an option of a handler takes one. */
export interface SpanTracer {
  startSpan(name: string, options: SpanStart, context: never): Span
}

/** As `@opentelemetry/api` numbers them; OTLP has one more for each. */
export const SPAN_KIND = { internal: 0, server: 1, client: 2 } as const

/** The code of a span's status that says it failed. */
export const STATUS_ERROR = 2

/** What a context holds, by symbols; never changed. */
export interface SpanParent {
  getValue(key: symbol): unknown
  setValue(key: symbol, value: unknown): SpanParent
  deleteValue(key: symbol): SpanParent
}

/** The symbol by which `@opentelemetry/api` holds the span of a context. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN')

class ParentContext implements SpanParent {
  readonly #values: ReadonlyMap<symbol, unknown>

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key)
  }

  setValue(key: symbol, value: unknown): SpanParent {
    return new ParentContext(new Map([...this.#values, [key, value]]))
  }

  deleteValue(key: symbol): SpanParent {
    return new ParentContext(new Map([...this.#values].filter(([each]) => each !== key)))
  }
}

/** Nothing above it: a span that is started in it begins a trace. */
export const ROOT: SpanParent = new ParentContext(new Map())

/** The context of what happens within a span. */
export function within(span: Pick<Span, 'spanContext'>, context: SpanParent = ROOT): SpanParent {
  return context.setValue(SPAN_KEY, span)
}

/** The ids of the span that a context is within; undefined where there is none. */
export function spanContextOf(context: SpanParent): SpanContext | undefined {
  const span = context.getValue(SPAN_KEY) as Pick<Span, 'spanContext'> | undefined
  const ids = span?.spanContext()
  return ids && isValid(ids) ? ids : undefined
}

/** What stands for no span has ids of zeros. */
export function isValid({ traceId, spanId }: SpanContext): boolean {
  return !/^0*$/.test(traceId) && !/^0*$/.test(spanId)
}

/** A span that is recorded elsewhere, or not at all. */
export class ForeignSpan implements Span {
  readonly #ids: SpanContext

  constructor(ids: SpanContext) {
    this.#ids = ids
  }

  spanContext(): SpanContext {
    return this.#ids
  }

  isRecording(): boolean {
    return false
  }

  setAttributes(): void {}
  addEvent(): void {}
  setStatus(): void {}
  end(): void {}
}
