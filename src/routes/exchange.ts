import type { Engine } from '../engines/engine.ts'
import { requireOneModel } from '../engines/registry/model-access.ts'
import { readJsonBody } from '../guard/body.ts'
import { estimateTokens } from '../guard/size.ts'
import type { Settings } from '../settings/settings.ts'
import { Exchange } from '../stream/exchange.ts'
import type { Ticker } from '../stream/ticker.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { Trace } from './trace.ts'

export interface ExchangeContext {
  settings: Settings
  ticker: Ticker
  /** The exchanges that run now; each removes itself when it ends. */
  running: Set<Exchange>
}

/** What counts against the token limits of a caller before the engine reports usage. */
export interface PromptUse {
  /** The number of prompt tokens is estimated from it. */
  prompt: unknown
}

/**
 * Counts a request against its key's concurrency, then reads its body. The count is released when the
 * exchange ends, or by the handler if none was begun. Rejects with an `ApiError`.
 */
export async function readBody(
  request: Request,
  trace: Trace,
  { maxBody, bodyTimeout }: Pick<Settings, 'maxBody' | 'bodyTimeout'>,
): Promise<unknown> {
  await trace.caller?.acquireSlot()
  const body = await readJsonBody(request, maxBody, bodyTimeout, trace.caller?.name)
  requireOneModel(trace.caller?.mayUseModel, body)
  return body
}

/**
 * Begins to answer a request by an engine. Rejects with an `ApiError` (429) where a limit of its caller
 * is exceeded. Whether the caller may use the model is checked where the engine is chosen.
 */
export async function beginExchange(
  { settings, ticker, running }: ExchangeContext,
  request: Pick<Request, 'signal'>,
  trace: Trace,
  { prompt }: PromptUse,
): Promise<Exchange> {
  const tokens = () => estimateTokens(prompt)
  const permit = await trace.caller?.permit({ tokens })
  const over = Promise.withResolvers<void>()
  const exchange = new Exchange({
    client: request.signal,
    limits: settings,
    ticker,
    onEnd(ended) {
      trace.end()
      permit?.end(usedBy(ended, tokens))
      void Promise.resolve(ended.delivered).then(() => {
        running.delete(ended)
        over.resolve()
      })
    },
  })
  trace.waitUntil?.(over.promise)
  exchange.caller = trace.caller?.name ?? ''
  exchange.modelAccess = trace.caller?.mayUseModel
  exchange.hops = trace.hops
  trace.exchange = exchange
  if (exchange.outcome === undefined) running.add(exchange)
  return exchange
}

/** The tokens that the engine counted; if it counted none, the estimate and the observed deltas. */
function usedBy(
  { usage, tokens, outcome }: Exchange,
  promptTokens: () => number,
): number | undefined {
  if (usage?.total_tokens !== undefined) return usage.total_tokens
  const wasAnswered = tokens > 0 || outcome?.kind === 'finished'
  return wasAnswered ? promptTokens() + tokens : undefined
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
