/**
 * The OpenTelemetry SDK that the program has registered, if any: that of Deno (`OTEL_DENO=true`), or one that
 * the program set up itself. `@opentelemetry/api` holds what is registered in a global under a symbol of its
 * major version, which all copies of the package in a process share. Reading it there needs no copy here.
 */
import { VERSION } from '../../version.ts'
import type { SpanAttributes, SpanParent, SpanTracer } from './tracer.ts'

const REGISTRY = Symbol.for('opentelemetry.js.api.1')

interface Registry {
  trace?: { getTracer(name: string, version: string): SpanTracer }
  metrics?: { getMeter(name: string, version: string): Meter }
  context?: {
    active(): SpanParent
    with<T>(context: SpanParent, act: () => T): T
  }
}

/** What measures, as `@opentelemetry/api` has it. */
export interface Meter {
  createHistogram(name: string, options: object): { record: Measure }
  createCounter(name: string, options: object): { add: Measure }
}

type Measure = (value: number, attributes: SpanAttributes) => void

/** The name of what makes these spans. */
export const SCOPE = 'sluice'

function registry(): Registry | undefined {
  return (globalThis as { [REGISTRY]?: Registry })[REGISTRY]
}

/** Whether the program has registered an SDK, which may also measure what sluice does not. */
export function hasRegisteredSdk(): boolean {
  const { trace, metrics } = registry() ?? {}
  return trace !== undefined || metrics !== undefined
}

let known: { provider: NonNullable<Registry['trace']>; tracer: SpanTracer } | undefined

/** The tracer of the SDK that is registered now; looked for at each request, since it may come late. */
export function registeredTracer(): SpanTracer | undefined {
  const provider = registry()?.trace
  if (provider === undefined) return undefined
  if (known?.provider !== provider) {
    known = { provider, tracer: provider.getTracer(SCOPE, VERSION) }
  }
  return known.tracer
}

/** The context of the code that runs now, where the SDK keeps one: it holds the program's own span. */
export function activeContext(): SpanParent | undefined {
  return registry()?.context?.active()
}

/** Runs code in a context, where the SDK keeps one: whatever makes spans finds the one of that context. */
export function runWithin(context: SpanParent): (<T>(act: () => T) => T) | undefined {
  const manager = registry()?.context
  if (manager === undefined) return undefined
  return <T>(act: () => T): T => {
    let done: { result: T } | undefined
    const once = () => {
      done ??= { result: act() }
      return done.result
    }
    try {
      return manager.with(context, once)
    } catch {
      // The program's own manager failed, or `act` did, which then throws again.
      return once()
    }
  }
}

/** The meter provider that is registered now, and what makes its meter. */
export function registeredMeter(): Registry['metrics'] {
  return registry()?.metrics
}
