/** The activity feed of a server: asks for it, reads its events, and says what is wrong where it cannot. */
import type { Fetch, Fetched } from '../../platform/fetch.ts'
import { reasonOf } from '../../recording/record.ts'
import { delay } from '../../util/delay.ts'
import { isObject, parseObject } from '../../util/object.ts'
import type { ActivityChanges, ActivityList } from '../../wire/activity/schema.ts'
import { EventScanner } from '../../wire/sse/sse.ts'
import type { Target } from '../target.ts'
import { FeedError, refusalOf } from './feed-error.ts'

/** One event of a stream of the activity API. */
export interface FeedEvent {
  name: string
  data: Record<string, unknown>
}

/** Is told of everything that the feed brings, and of its connection. */
export interface FeedListener {
  onSnapshot(list: ActivityList): void
  onChanges(changes: ActivityChanges): void
  /** The connection was lost, or could not be made again; it is tried again after so many milliseconds. */
  onLost(reason: string, againIn: number): void
}

/** Milliseconds to wait for an answer that ends at once. */
const ANSWER_TIMEOUT = 10_000
/**
 * Milliseconds without a byte, a heartbeat included, after which a stream counts as ended: its server
 * may be gone without a word, or send heartbeats more rarely.
 */
const SILENCE = 60_000
/** Milliseconds between attempts to connect again: doubled each time, up to the second value. */
const AGAIN = [500, 5_000] as const

export class FeedClient {
  /** `127.0.0.1:8787` */
  readonly name: string
  readonly #fetch: Fetch
  readonly #target: Target
  readonly #isNamed: boolean

  /** `isNamed`: whether the user named the URL, which decides what a failure says to do. */
  constructor(fetch: Fetch, target: Target, isNamed: boolean) {
    this.name = new URL(target.base).host
    this.#fetch = fetch
    this.#target = target
    this.#isNamed = isNamed
  }

  /** What happens now, once. Rejects with a `FeedError`. */
  async list(signal: AbortSignal): Promise<ActivityList> {
    const response = await this.#ask('/activity', signal)
    return listOf(await this.#bodyOf(response), this.name)
  }

  /**
   * Follows the feed until the signal aborts, over new connections where one ends. Rejects with a
   * `FeedError` where the first attempt fails, or the key is refused later.
   */
  async follow(listener: FeedListener, signal: AbortSignal): Promise<void> {
    let hadSnapshot = false
    let wait: number = AGAIN[0]
    while (!signal.aborted) {
      try {
        for await (const { name, data } of this.events('/activity', signal)) {
          if (name === 'snapshot') listener.onSnapshot(listOf(data, this.name))
          else if (name === 'changes') listener.onChanges(data as unknown as ActivityChanges)
          hadSnapshot = true
          wait = AGAIN[0]
        }
        // A server that reads its settings again ends the feed, which is no failure.
        if (!hadSnapshot) throw new FeedError(`${this.name}: the feed ended before it began.`)
      } catch (error) {
        if (signal.aborted) return
        const isFinal = error instanceof FeedError && (error.status === 401 || error.status === 403)
        if (!hadSnapshot || isFinal) throw error
        listener.onLost(reasonOf(error), wait)
      }
      await delay(wait, signal).catch(() => {})
      wait = Math.min(wait * 2, AGAIN[1])
    }
  }

  /** The events of a stream below the API's root, until it ends or is silent. Rejects with a `FeedError`. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    const silence = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const wake = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE)
    }
    const both = AbortSignal.any([signal, silence.signal])
    const response = await this.#ask(path, both, { accept: 'text/event-stream' })
    const type = response.headers.get('content-type') ?? 'no content type'
    if (!type.startsWith('text/event-stream')) {
      await response.body?.cancel()
      throw notTheFeed(this.name, `an event stream, got ${type}`)
    }
    wake()
    try {
      yield* eventsOf(response, wake)
    } catch (error) {
      if (!silence.signal.aborted) throw error
    } finally {
      clearTimeout(timer)
      silence.abort()
    }
  }

  /** Stops a running request. Rejects with a `FeedError`. */
  async cancel(id: string, signal: AbortSignal): Promise<void> {
    const path = `/activity/${encodeURIComponent(id)}/cancel`
    await this.#bodyOf(await this.#ask(path, signal, {}, 'POST'))
  }

  async #ask(
    path: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
    method: 'GET' | 'POST' = 'GET',
  ): Promise<Fetched> {
    const { base, headers: own } = this.#target
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), ANSWER_TIMEOUT)
    const init = { method, headers: { ...own, ...headers }, redirect: 'manual' as const }
    try {
      const response = await this.#fetch(base + path, {
        ...init,
        signal: AbortSignal.any([signal, late.signal]),
      })
      if (response.status === 200) return response
      const body = await textOf(response)
      throw await refusalOf(this.#target, this.#fetch, response.status, body, path)
    } catch (error) {
      if (error instanceof FeedError || signal.aborted) throw error
      const reason = late.signal.aborted
        ? `no answer came within ${ANSWER_TIMEOUT / 1_000} seconds`
        : reasonOf(error)
      throw this.#unreachable(reason, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #unreachable(reason: string, cause: unknown): FeedError {
    const { base } = this.#target
    const remedy = this.#isNamed
      ? 'check the URL, and that the server runs'
      : 'start sluice, or name another server with "sluice top URL"'
    return new FeedError(`${base}: expected a server, got none (${reason}); ${remedy}.`, { cause })
  }

  async #bodyOf(response: Fetched): Promise<Record<string, unknown>> {
    const body = parseObject(await textOf(response))
    if (body !== undefined) return body
    throw notTheFeed(this.name, 'a JSON object, got something else')
  }
}

function notTheFeed(name: string, what: string): FeedError {
  return new FeedError(
    `${name}: expected ${what}; check that the URL is the root of a sluice, such as http://127.0.0.1:8787.`,
  )
}

function listOf(body: Record<string, unknown>, name: string): ActivityList {
  const list = body as unknown as ActivityList
  if (Array.isArray(list.requests) && typeof list.instance === 'string') return list
  throw notTheFeed(name, 'the activity of a sluice, got another answer')
}

async function* eventsOf(response: Fetched, wake: () => void): AsyncGenerator<FeedEvent> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  const scanner = new EventScanner()
  try {
    for (;;) {
      const packet = await reader.read()
      if (packet.done) return
      wake()
      scanner.push(packet.value)
      while (scanner.next()) {
        const { event: name, data } = scanner.fields()
        const value = data === undefined ? {} : JSON.parse(data)
        yield { name, data: isObject(value) ? value : {} }
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

async function textOf({ body }: Fetched): Promise<string> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let packet = await reader?.read(); packet && !packet.done; packet = await reader?.read()) {
    text += decoder.decode(packet.value, { stream: true })
  }
  return text + decoder.decode()
}
