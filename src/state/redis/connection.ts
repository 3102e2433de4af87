import { asError } from '../../util/as-error.ts'
import { Breaker } from './breaker.ts'
import type { OpenRedis, RedisClient } from './client.ts'
import { withDeadline } from './deadline.ts'
import { meansAway, meansFull, wantsOtherServer } from './error-replies.ts'
import {
  type RedisCallOptions,
  type RedisPort,
  type RedisReply,
  type RedisScript,
  StateAwayError,
} from './port.ts'
import { scriptDigest } from './script-digest.ts'
import { Subscriptions } from './subscriptions.ts'

/** Milliseconds that a call may take. */
const CALL_DEADLINE = 100
/** Milliseconds that connecting may take, with TLS and the check of the server. */
export const CONNECT_DEADLINE = 1_000
/** Milliseconds before the second attempt to connect; doubled with each, as far as the longest. */
const FIRST_RETRY = 50
const LONGEST_RETRY = 2_000

export interface RedisConnectionOptions {
  open: OpenRedis
  /** Looks at a server that was connected; rejects where it can't be used. */
  check?: (client: RedisClient) => Promise<void>
  /** Called with each change; `error` is why it is away. */
  onChange?: (isAway: boolean, error: Error | undefined) => void
  /** Called whenever it can be used again, also after a moment that was no change worth telling. */
  onBack?: () => void
  /** Called for each call that failed as the server has no memory left. */
  onFull?: () => void
  /** Called once for each call that was sent or refused. */
  onCall?: (name: string, outcome: CallOutcome, ms: number) => void
  /**
   * Whether calls go on where the server's memory is full: for scripts with the flag `allow-oom`, which read, end
   * or free something.
   */
  isUsedWhenFull?: boolean
  deadlineMs?: number
  connectMs?: number
}

/** `timeout`: given up; `error`: it failed or was refused by the server; `away`: not sent. */
export type CallOutcome = 'ok' | 'timeout' | 'error' | 'away'

/**
 * One connection to Redis, opened again whenever it is lost. A call that is not answered in time closes it: a
 * server that is frozen leaves its sockets open, and would hold every later call too.
 */
export class RedisConnection implements RedisPort {
  readonly #options: RedisConnectionOptions
  readonly #breaker = new Breaker()
  readonly #subscriptions = new Subscriptions()
  #client: RedisClient | undefined
  #isClosed = false
  #retryMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #probeTimer: ReturnType<typeof setTimeout> | undefined
  #wasAway: boolean | undefined
  #lastError: Error | undefined
  #attempt: Promise<void> | undefined

  constructor(options: RedisConnectionOptions) {
    this.#options = options
  }

  get isAway(): boolean {
    return this.#client === undefined || this.#breaker.isOpen
  }

  /** Why it is away. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  /** Begins to connect. Resolves after the first attempt, whatever its outcome. */
  start(): Promise<void> {
    this.#attempt ??= this.#connect()
    return this.#attempt
  }

  async eval(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly (string | number)[],
    options: RedisCallOptions = {},
  ): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    const digest = scriptDigest(script)
    const hash = typeof digest === 'string' ? digest : await digest
    return this.#call(script.name, options, async (client) => {
      try {
        return await client.send(['EVALSHA', hash, ...rest], keys[0])
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return client.send(['EVAL', script.text, ...rest], keys[0])
      }
    })
  }

  send(
    command: readonly [string, ...string[]],
    key: string | undefined,
    options: RedisCallOptions = {},
  ): Promise<RedisReply> {
    return this.#call(command[0].toLowerCase(), options, (client) => client.send(command, key))
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.send(['PUBLISH', channel, message], undefined)
  }

  subscribe(channel: string, onMessage: (message: string) => void): () => void {
    return this.#subscriptions.add(channel, onMessage)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#probeTimer)
    this.#client?.destroy()
    this.#client = undefined
    this.#subscriptions.detach()
  }

  async #call(
    name: string,
    { deadlineMs = this.#options.deadlineMs ?? CALL_DEADLINE }: RedisCallOptions,
    act: (client: RedisClient) => Promise<unknown>,
  ): Promise<RedisReply> {
    const client = this.#client
    const { onCall } = this.#options
    if (client === undefined || this.#breaker.isOpen) {
      onCall?.(name, 'away', 0)
      throw new StateAwayError(this.#awayText())
    }
    const start = performance.now()
    try {
      const reply = await withDeadline(deadlineMs, act(client))
      this.#breaker.onSuccess()
      onCall?.(name, 'ok', performance.now() - start)
      return reply as RedisReply
    } catch (error) {
      const isTimeout = error instanceof StateAwayError
      onCall?.(name, isTimeout ? 'timeout' : 'error', performance.now() - start)
      throw this.#failed(client, asError(error), isTimeout)
    }
  }

  /**
   * What a failed call means for the connection, and the error for whoever called. All calls that end with one
   * connection are one failure: by the first of them, which loses it.
   */
  #failed(client: RedisClient, error: Error, isTimeout: boolean): Error {
    const isCurrent = this.#client === client
    const isReply = client.isReply(error)
    if (!isReply || wantsOtherServer(error)) this.#lose(client, error)
    if (isReply && !meansAway(error)) return error
    const isFull = meansFull(error)
    if (isFull) this.#options.onFull?.()
    const counts = isTimeout || (isReply && !(isFull && this.#options.isUsedWhenFull))
    if (isCurrent && counts && this.#breaker.onFailure()) {
      this.#lastError = error
      this.#probeLater()
      this.#tell()
    }
    return isTimeout ? error : new StateAwayError(`state: ${error.message}`, { cause: error })
  }

  #lose(client: RedisClient, error: Error): void {
    if (this.#client !== client || this.#isClosed) return
    this.#client = undefined
    this.#lastError = error
    this.#subscriptions.detach()
    client.destroy()
    this.#retryMs = 0
    this.#connectLater()
    // A connection that is back at once is no change worth a line.
  }

  async #connect(): Promise<void> {
    const { open, check, connectMs = CONNECT_DEADLINE } = this.#options
    const given = new AbortController()
    let client: RedisClient | undefined
    let lost: Error | undefined
    try {
      const onLost = (error: Error) => {
        lost = error
        if (client) this.#lose(client, error)
      }
      const opening = open(onLost, given.signal).then(async (opened) => {
        if (given.signal.aborted) opened.destroy()
        client = opened
        await check?.(opened)
      })
      await withDeadline(connectMs, opening)
      if (lost) throw lost
      this.#connected(client)
    } catch (error) {
      given.abort()
      client?.destroy()
      this.#lastError = asError(error)
      this.#connectLater()
    }
    this.#tell()
  }

  #connected(client: RedisClient | undefined): void {
    if (client === undefined) return
    if (this.#isClosed) {
      client.destroy()
      return
    }
    this.#client = client
    this.#retryMs = 0
    this.#subscriptions.attach(client)
    if (!this.#breaker.isOpen) this.#options.onBack?.()
  }

  #connectLater(): void {
    if (this.#isClosed) return
    // Instances that lost the same server do not return all at once.
    const wait = this.#retryMs * (0.5 + Math.random() / 2)
    this.#retryMs = Math.min(LONGEST_RETRY, Math.max(FIRST_RETRY, this.#retryMs * 2))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), wait)
  }

  #probeLater(): void {
    clearTimeout(this.#probeTimer)
    this.#probeTimer = setTimeout(() => void this.#probe(), this.#breaker.pauseMs)
  }

  /** Nobody waits for it: while a server does not answer, no request is slower. */
  async #probe(): Promise<void> {
    const client = this.#client
    let succeeded = false
    try {
      if (client) {
        await withDeadline(
          this.#options.deadlineMs ?? CALL_DEADLINE,
          client.send(['PING'], undefined),
        )
        succeeded = true
      }
    } catch (error) {
      if (client) this.#lose(client, asError(error))
    }
    this.#breaker.onProbe(succeeded)
    if (this.#isClosed) return
    if (succeeded) this.#options.onBack?.()
    else this.#probeLater()
    this.#tell()
  }

  #tell(): void {
    const { isAway } = this
    if (this.#isClosed || this.#wasAway === isAway) return
    this.#wasAway = isAway
    this.#options.onChange?.(isAway, isAway ? this.#lastError : undefined)
  }

  #awayText(): string {
    const why = this.#lastError ? ` (${this.#lastError.message})` : ''
    return `state: the store can't be reached at present${why}.`
  }
}
