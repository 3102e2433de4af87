import type { Engine } from '../engines/engine.ts'
import type { Catalog } from '../engines/registry/catalog.ts'
import { requireOneModel } from '../engines/registry/model-access.ts'
import type { Permit } from '../guard/permit.ts'
import type { ReadJson } from '../guard/read-body.ts'
import type { Settings } from '../settings/settings.ts'
import { PERMIT_RENEWAL, type SlotKind } from '../state/limits.ts'
import type { StreamLimits } from '../stream/deadlines.ts'
import { Exchange } from '../stream/exchange.ts'
import type { Ticker } from '../stream/ticker.ts'
import type { RequestTelemetry } from '../telemetry/request-telemetry.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { WriteInSteps } from '../wire/json/sourced.ts'
import { chargeEnd, chargeProgress, ExchangeUse, type RequestedUse } from './token-use.ts'
import type { Trace } from './trace.ts'

export interface ExchangeContext {
  catalog: Catalog
  settings: Settings
  ticker: Ticker
  /** The exchanges that run now; each removes itself when it ends. */
  running: Set<Exchange>
  telemetry: RequestTelemetry
  readJson: ReadJson
}

/** What an exchange is begun for. */
export interface Requested {
  model: string | null | undefined
  /** What its use of tokens is estimated from. */
  use: RequestedUse
  /** Its timeouts; those of the settings by default. */
  limits?: StreamLimits
  /** The slot of its caller that it takes; one of those that run by default. */
  slot?: SlotKind | undefined
}

/** What an exchange is charged for, and the timeouts that it was asked with. */
interface Charged {
  use: ExchangeUse
  permit: Permit | undefined
  limits: StreamLimits | undefined
}

/**
 * Counts a request among those of its key in this process, then reads its body. The count is released when
 * the exchange ends, or by the handler if none was begun. Rejects with an `ApiError`.
 */
export async function readBody(
  request: Request,
  trace: Trace,
  { settings, readJson }: Pick<ExchangeContext, 'settings' | 'readJson'>,
): Promise<unknown> {
  await trace.caller?.enter()
  const { maxBody, bodyTimeout } = settings
  const body = await readJson(request, maxBody, bodyTimeout, trace.caller?.name, trace.tap)
  requireOneModel(trace.caller?.mayUseModel, body)
  trace.receive(body)
  return body
}

/**
 * Begins to answer a request by an engine. Rejects with an `ApiError` (429) where a limit of its caller
 * is exceeded. Whether the caller may use the model is checked where the engine is chosen.
 * `inSteps`: how its body is written in steps, in which its prompt is measured too; absent where it is short.
 */
export async function beginExchange(
  context: ExchangeContext,
  request: Pick<Request, 'signal'>,
  trace: Trace,
  { use: requested, model, limits, slot }: Requested,
  inSteps?: WriteInSteps,
): Promise<Exchange> {
  const use = new ExchangeUse(requested, model, context.catalog, inSteps !== undefined)
  const permit = await trace.caller?.permit(use, slot)
  const exchange = exchangeOf(context, request.signal, trace, { use, permit, limits })
  exchange.inSteps = inSteps
  return exchange
}

/** The exchange of a request that has its permit. A function of its own: its closures keep nothing of the request. */
function exchangeOf(
  { settings, ticker, running, telemetry }: ExchangeContext,
  client: AbortSignal,
  trace: Trace,
  { use, permit, limits }: Charged,
): Exchange {
  const stopRenewal = permit?.renew && renewing(permit.renew, ticker)
  const over = Promise.withResolvers<void>()
  const exchange = new Exchange({
    client,
    limits: limits ?? settings,
    ticker,
    onProgress: permit && chargeProgress(permit, use),
    // There may be thousands of quiet streams.
    onLongAnswer(answered) {
      answered.conversation = undefined
      // The size of megabytes takes milliseconds, and may never be needed.
      if (!answered.inSteps || use.isSized) use.forgetRequest()
    },
    onEnd(ended) {
      try {
        // First, since it may find that the engine's count is not plausible, which the log names.
        if (permit) chargeEnd(permit, use, ended)
      } finally {
        stopRenewal?.()
        trace.end()
      }
      void Promise.resolve(ended.delivered).then(() => {
        running.delete(ended)
        over.resolve()
      })
    },
  })
  trace.waitUntil?.(over.promise)
  exchange.caller = trace.caller?.name ?? ''
  exchange.modelAccess = trace.caller?.mayUseModel
  exchange.asker = trace.caller
  exchange.hops = trace.hops
  exchange.docs = trace.docs
  exchange.trace = trace.traceContext
  trace.exchange = exchange
  telemetry.onExchange(trace, exchange)
  if (exchange.outcome === undefined) running.add(exchange)
  return exchange
}

/** Renews a permit for as long as its request runs, by a timer of that request. */
function renewing(renew: () => void, ticker: Ticker): () => void {
  let last = performance.now()
  return ticker.add((now) => {
    if (now - last >= PERMIT_RENEWAL) {
      last = now
      renew()
    }
    return PERMIT_RENEWAL
  })
}

/** What some engines lack, and what to do instead. */
const ABLE = {
  complete: 'cannot complete a text; send it a chat instead, with POST /v1/chat/completions',
  embed: 'cannot make embeddings; name a model that can',
} as const

/** Throws an `ApiError` (400) where the engine lacks an ability. `model`: the name of its model. */
export function requireAble<Ability extends keyof typeof ABLE>(
  engine: Engine,
  ability: Ability,
  model: string | undefined,
): asserts engine is Engine & Required<Pick<Engine, Ability>> {
  if (engine[ability] !== undefined) return
  const message = `model: ${model ?? engine.label} ${ABLE[ability]}.`
  throw new ApiError(400, message, { code: 'model_not_capable', param: 'model' })
}
