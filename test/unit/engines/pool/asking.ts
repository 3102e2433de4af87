import type { Engine } from '../../../../src/engines/engine.ts'
import { balancing } from '../../../../src/engines/pool/balancing.ts'
import { Conversations } from '../../../../src/engines/pool/conversations.ts'
import { Pool, type PoolOptions } from '../../../../src/engines/pool/pool.ts'
import { watchLoad } from '../../../../src/engines/pool/watch-load.ts'
import { Catalog } from '../../../../src/engines/registry/catalog.ts'
import { createRouter } from '../../../../src/engines/registry/router.ts'
import { createStatic } from '../../../../src/engines/static/static.ts'
import { Exchange } from '../../../../src/stream/exchange.ts'
import { sharedTicker } from '../../../../src/stream/ticker.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

const limits = {
  answerTimeout: 60_000,
  firstTokenTimeout: 60_000,
  tokenTimeout: 60_000,
  clientTimeout: 60_000,
}

/** Engines that list `m`; what they answer is up to the attempt. */
export function engines(...labels: string[]): Engine[] {
  return labels.map((label) => ({
    label,
    isServer: true,
    models: async () => [{ id: 'm', object: 'model', created: 1, owned_by: label }],
    chat: () => Promise.reject(new Error('no test asks for a chat')),
  }))
}

export function pool(given: Engine[], options: Partial<PoolOptions> = {}) {
  const own = createStatic({ staticText: 'A text.', staticDelay: 0 })
  const catalog = new Catalog({ engines: given, static: own, isolateRequests: false })
  return new Pool({
    router: createRouter(catalog, undefined),
    ticker: sharedTicker(5),
    queue: 10,
    attemptTimeout: 30,
    contextFallback: {},
    retry: true,
    isolateRequests: false,
    watchLoad,
    balancing,
    conversations: new Conversations(),
    ...options,
  })
}

export function exchange(client = new AbortController()): Exchange {
  const made = new Exchange({
    client: client.signal,
    limits,
    ticker: sharedTicker(1_000),
    onEnd: () => {},
  })
  made.isStream = true
  return made
}

type Answers = Record<string, (signal: AbortSignal) => Promise<string>>

/** Asks for `m`, each engine answering as told, and records who was asked with which signal. */
export function ask(from: Pool, answers: Answers, of = exchange()) {
  const asked: string[] = []
  const signals: AbortSignal[] = []
  const answer = from.answer(of, 'm', ({ engine }, signal) => {
    asked.push(engine.label)
    signals.push(signal)
    return answers[engine.label]?.(signal) ?? Promise.resolve(engine.label)
  })
  answer.catch(() => {})
  return { answer, asked, signals, of }
}

export const broken = (code = 'upstream_error') => new ApiError(502, 'broken', { code })

export const failing = () => Promise.reject(broken())

export const silent = () => new Promise<string>(() => {})
