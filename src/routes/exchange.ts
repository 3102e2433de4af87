import type { Settings } from '../settings.ts'
import { Exchange } from '../stream/exchange.ts'
import type { Ticker } from '../stream/ticker.ts'
import type { Trace } from '../trace.ts'

export interface ExchangeContext {
  settings: Settings
  ticker: Ticker
  /** The exchanges that run now; each removes itself when it ends. */
  running: Set<Exchange>
}

/** Begins to answer a request by an engine. */
export function beginExchange(
  { settings, ticker, running }: ExchangeContext,
  request: Request,
  trace: Trace,
): Exchange {
  const exchange = new Exchange({
    client: request.signal,
    limits: settings,
    ticker,
    onEnd(ended) {
      trace.end()
      void Promise.resolve(ended.delivered).then(() => running.delete(ended))
    },
  })
  trace.exchange = exchange
  if (exchange.outcome === undefined) running.add(exchange)
  return exchange
}
