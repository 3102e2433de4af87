/** What an upstream says of the sizes of its models' contexts elsewhere than in its list of models. */
import { withTimeout } from '../../util/with-timeout.ts'
import type { ContextSize } from '../../wire/models/context-size.ts'
import type { CallOptions, Model } from '../engine.ts'
import type { UpstreamClient } from './client.ts'
import type { AskServer, SizeReader } from './context-size-readers.ts'
import type { ServerKind } from './server-kind.ts'

/** The servers that tell sizes at another path than `/v1/models`. */
const KINDS: ReadonlySet<ServerKind | undefined> = new Set([
  ...(['koboldcpp', 'llama-server', 'lm-studio', 'ollama', 'sglang', 'tabbyapi'] as const),
])

/**
 * Milliseconds: how long what a server said is used, how long one that said nothing is not asked
 * again; how long its answers may take, and how long a list waits.
 */
const TIMES = { fresh: 10_000, silent: 60_000, answer: 2_000, wait: 200 }

/** Asks once in a while, and adds the sizes to listed models. */
export class ContextSizes {
  readonly #isolateRequests: boolean
  readonly #client: Pick<UpstreamClient, 'json'>
  readonly #told: (path: string) => unknown
  #known: ReadonlyMap<string, ContextSize> = new Map()
  #reader: { kind: ServerKind; read: SizeReader } | undefined
  /** `performance.now()` from which on the server may be asked. */
  #askAt = 0
  #asking: Promise<void> | undefined

  /** `told`: what the server has just answered at a path, if anything. */
  constructor(
    isolateRequests: boolean,
    client: Pick<UpstreamClient, 'json'>,
    told: (path: string) => unknown,
  ) {
    this.#isolateRequests = isolateRequests
    this.#client = client
    this.#told = told
  }

  /** A model, as the server names it, with what the server said of it. */
  readonly add = (model: Model): Model => {
    const size = this.#known.get(model.id)
    return size === undefined ? model : { ...model, ...size }
  }

  /**
   * Asks the server if what it said is old. Resolves with whether there may be sizes that models which
   * were listed before lack. Does not reject, and waits for an answer no longer than a list may take:
   * what comes later is in the next list.
   */
  async ask(
    kind: ServerKind | undefined,
    models: readonly Model[],
    signal: AbortSignal,
    call: CallOptions,
  ): Promise<boolean> {
    if (!KINDS.has(kind) || kind === undefined) return false
    if (this.#asking === undefined && performance.now() < this.#askAt) return this.#known.size > 0
    // On workerd no request may wait for another's promise, and what it began ends with it: a server that
    // is slower than a list counts as one that said nothing.
    if (this.#isolateRequests) {
      this.#askAt = performance.now() + TIMES.silent
      const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMES.answer)])
      await withTimeout(TIMES.wait * 2, this.#read(kind, models, limit, call))
      return true
    }
    this.#asking ??= this.#read(kind, models, AbortSignal.timeout(TIMES.answer), call).finally(
      () => {
        this.#asking = undefined
      },
    )
    await withTimeout(TIMES.wait, this.#asking)
    return true
  }

  async #read(
    kind: ServerKind,
    models: readonly Model[],
    signal: AbortSignal,
    { hops }: CallOptions,
  ): Promise<void> {
    const ask: AskServer = async (path, body) => {
      const told = body === undefined ? this.#told(path) : undefined
      return told ?? this.#client.json(path, { body, signal, hops }).catch(() => undefined)
    }
    try {
      const { readerOf } = await import('./context-size-readers.ts')
      // Another server may have been started at the address.
      if (this.#reader?.kind !== kind) this.#reader = { kind, read: readerOf(kind) }
      const known = await this.#reader.read(models, ask)
      const isSilent = known.size === 0
      this.#askAt = performance.now() + (isSilent ? TIMES.silent : TIMES.fresh)
      if (!isSilent) this.#known = known
    } catch {
      this.#askAt = performance.now() + TIMES.silent
    }
  }
}
