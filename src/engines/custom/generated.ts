/** What an engine's code yields, pulled one value at a time and turned into chunks. */

import { engineStopped } from '../../stream/engine-stop.ts'
import { abortable } from '../../util/abortable.ts'
import { inBackground } from '../../util/background.ts'
import { isObject } from '../../util/object.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'
import type { TraceHeaders } from '../../wire/headers/trace-context.ts'
import { badValue, engineFailure } from './errors.ts'

/** An async generator or another async iterable, an array, or a promise of one of them. */
export type Yields<T> =
  | AsyncIterable<T>
  | readonly T[]
  | PromiseLike<AsyncIterable<T> | readonly T[]>

/** The second argument of a call of an engine's function. */
export interface EngineCall {
  /** Aborts when the answer is no longer needed: the client disconnected, or a deadline has passed. */
  signal: AbortSignal
  /**
   * The headers of the trace that the request belongs to, `traceparent` and `tracestate`, for requests that
   * the engine sends itself; undefined where it belongs to none.
   */
  trace?: TraceHeaders
}

/** How yielded values become the chunks of one API. */
export interface ChunkMaker<T> {
  /** The chunk for a yielded value; undefined where it brings nothing. Throws an `ApiError`. */
  chunk(value: unknown): T | undefined
  /** The remaining chunks when the engine has ended. Throws an `ApiError`. */
  end(returned: unknown): T[]
}

export interface GeneratedOptions<T> {
  label: string
  form: ChunkMaker<T>
  errors: EngineErrors
  signal: AbortSignal
}

/**
 * Calls an engine's code and returns what it yields as batches of one chunk. A value is pulled when
 * the one before it has been written, so that a slow client slows the engine. When the signal aborts,
 * the generator's `return` is called, and what is pulled rejects at once. Rejects with an `ApiError`.
 */
export async function generated<T>(
  call: () => Yields<unknown>,
  options: GeneratedOptions<T>,
): Promise<AsyncIterator<T[], void, void>> {
  const { label, errors, signal } = options
  const opening = Promise.resolve().then(call)
  try {
    const iterator = iteratorOf(await abortable(opening, signal), errors)
    return new Generated(iterator, options)
  } catch (error) {
    if (!signal.aborted) throw engineFailure(label, error)
    // What comes after all has to stop as well.
    inBackground(async () => {
      const late = await opening.catch(() => undefined)
      if (isObject(late)) await opened(late)?.return?.()
      engineStopped(signal)
    })
    throw signal.reason
  }
}

type AnyIterator =
  | AsyncIterator<unknown, unknown, undefined>
  | Iterator<unknown, unknown, undefined>

/** Throws an `ApiError` for what can't be iterated. */
function iteratorOf(value: unknown, errors: EngineErrors): AnyIterator {
  const iterator = isObject(value) || Array.isArray(value) ? opened(value) : undefined
  if (isObject(iterator) && typeof iterator.next === 'function') return iterator
  throw badValue(errors, 'returned', value, 'an async generator or another async iterable')
}

/** An iterator of what can be iterated, or what is in its place. */
function opened(value: object): AnyIterator | undefined {
  if (Symbol.asyncIterator in value) {
    return (value as AsyncIterable<unknown, unknown, undefined>)[Symbol.asyncIterator]()
  }
  if (Symbol.iterator in value) {
    return (value as Iterable<unknown, unknown, undefined>)[Symbol.iterator]()
  }
  return undefined
}

/** Throws for what can't be sent, such as a bigint or an object that holds itself. */
function requireJson(value: unknown): void {
  if (typeof value === 'object') JSON.stringify(value)
}

class Generated<T> implements AsyncIterator<T[], void, void> {
  readonly #iterator: AnyIterator
  readonly #options: GeneratedOptions<T>
  #isOver = false
  /** The signal aborted: the rest of the answer is not needed. A function, as in `Connection`. */
  readonly #onAbort = () => this.#stop()

  constructor(iterator: AnyIterator, options: GeneratedOptions<T>) {
    this.#iterator = iterator
    this.#options = options
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal.aborted) this.#stop()
  }

  async next(): Promise<IteratorResult<T[], void>> {
    const { form, label, signal } = this.#options
    try {
      while (!this.#isOver) {
        const pulled = Promise.resolve(this.#iterator.next())
        const { value, done } = await abortable(pulled, signal)
        requireJson(value)
        if (done) return { value: this.#end(value), done: false }
        const chunk = form.chunk(value)
        if (chunk !== undefined) return { value: [chunk], done: false }
      }
    } catch (error) {
      this.#stop()
      throw signal.aborted ? signal.reason : engineFailure(label, error)
    }
    signal.throwIfAborted()
    return { value: undefined, done: true }
  }

  async return(): Promise<IteratorResult<T[], void>> {
    this.#stop()
    return { value: undefined, done: true }
  }

  #end(returned: unknown): T[] {
    this.#isOver = true
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    return this.#options.form.end(returned)
  }

  /**
   * Calls the generator's `return`, once. Not awaited: a generator that waits for something runs its
   * `finally` only when that has settled. A failure of it no longer affects a request.
   */
  #stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    inBackground(async () => {
      await this.#iterator.return?.()
      engineStopped(this.#options.signal)
    })
  }
}
