/** Measures attempts for the OpenTelemetry SDK that the program has registered, by the conventions' names. */
import type { Settings } from '../../settings/settings.ts'
import { VERSION } from '../../version.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { isOwnCode } from '../../wire/errors/own-codes.ts'
import type { TelemetryFeature } from '../feature.ts'
import type { ObservedRequest, RequestObserver } from '../request-observer.ts'
import type { Sources } from '../sources.ts'
import { GEN_AI_METRICS, metricAttributes, modality, SECONDS } from './gen-ai.ts'
import { type Meter, registeredMeter, SCOPE } from './registered.ts'

/** What OpenTelemetry calls a failure that has no code of sluice's. */
const OTHER_ERROR = '_OTHER'

interface Instruments {
  provider: object
  duration: ReturnType<Meter['createHistogram']>
  firstChunk: ReturnType<Meter['createHistogram']>
  input: ReturnType<Meter['createCounter']>
  output: ReturnType<Meter['createCounter']>
}

/** `GET /metrics` has more, and does not need it. */
export class GenAiMeter implements TelemetryFeature, RequestObserver {
  #sources: Sources | undefined
  #known: Instruments | undefined

  configure({ metrics }: Settings, sources: Sources): RequestObserver | undefined {
    this.#sources = sources
    return metrics ? this : undefined
  }

  onEnd({ exchange, route }: ObservedRequest): void {
    const instruments = exchange && this.#instruments()
    if (exchange === undefined || instruments === undefined) return
    const { timeline, isStream, usage, outcome } = exchange
    const { duration, firstChunk, input, output } = instruments
    const now = performance.now()
    for (const [index, attempt] of timeline.attempts.entries()) {
      const { engine, kind, model: asked = '', startedAt, failedAt, failure } = attempt
      const isLast = index === timeline.attempts.length - 1 && failedAt === undefined
      const error = isLast ? outcome?.kind === 'failed' && outcome.error : failure
      const model = this.#sources?.isServed(asked) ? asked : 'other'
      const named = { route, engine, kind, model, error: error ? errorOf(error) : undefined }
      const attributes = metricAttributes(named)
      duration.record(((failedAt ?? now) - startedAt) / 1_000, attributes)
      const tokens = { ...attributes, ...modality(isLast && usage !== undefined) }
      input.add((isLast && usage?.prompt_tokens) || 0, tokens)
      output.add((isLast && usage?.completion_tokens) || 0, tokens)
      if (isLast && isStream && timeline.firstTokenAt > 0) {
        firstChunk.record((timeline.firstTokenAt - startedAt) / 1_000, attributes)
      }
    }
  }

  /** Looked for at each request, since an SDK may be registered late. */
  #instruments(): Instruments | undefined {
    const provider = registeredMeter()
    if (provider === undefined || this.#known?.provider === provider) return provider && this.#known
    const meter = provider.getMeter(SCOPE, VERSION)
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: SECONDS } }
    const tokens = { unit: '{token}' }
    this.#known = {
      provider,
      duration: meter.createHistogram(GEN_AI_METRICS.duration, seconds),
      firstChunk: meter.createHistogram(GEN_AI_METRICS.firstChunk, seconds),
      input: meter.createCounter(GEN_AI_METRICS.input, tokens),
      output: meter.createCounter(GEN_AI_METRICS.output, tokens),
    }
    return this.#known
  }
}

/** A code of sluice's own: an upstream chooses its codes freely, and a metric must not have any number. */
function errorOf(error: ApiError | string): string {
  const code = error instanceof ApiError ? error.code : error.slice(error.indexOf(' ') + 1)
  return code !== null && isOwnCode(code) ? code : OTHER_ERROR
}
