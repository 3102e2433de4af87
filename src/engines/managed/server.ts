import { abortable } from '../../util/abortable.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import type { ProcessStatus } from '../engine.ts'
import type { ManagedContext } from './context.ts'
import type { Entry } from './entry.ts'
import {
  couldNotRun,
  memoryBusy,
  type StartFailure,
  shutDown,
  startFailed,
  tooManyWait,
} from './errors.ts'
import { Lifecycle } from './lifecycle.ts'
import type { MemoryUser } from './memory.ts'
import type { ManagedOptions } from './options.ts'
import { OutputTail } from './output.ts'
import { progressText, seconds } from './progress-text.ts'
import { ServerRun } from './server-run.ts'

/** Lines of the last output in a status. */
const STATUS_LINES = 40

/**
 * A server that sluice starts when a request needs it, and stops when none has for a while. Only its
 * own loop (`#live`) changes its state; whoever waits is woken by every change.
 */
export class ManagedServer implements MemoryUser {
  /** Replaced on a reload that keeps the process. */
  options: ManagedOptions
  readonly output = new OutputTail()
  readonly #context: ManagedContext
  readonly #life = new Lifecycle()
  #run: ServerRun | undefined
  #loop: Promise<void> | undefined
  #failure: ApiError | undefined
  #failureCount = 0
  #changed = Promise.withResolvers<void>()
  #running = 0
  #waiting = 0
  #isOpen = true
  #isRetired = false
  #isEnded = false
  #lastUsed: number
  #readySince = Number.POSITIVE_INFINITY
  #lastExit: string | undefined
  #cancelTimer: (() => void) | undefined

  constructor(options: ManagedOptions, context: ManagedContext) {
    this.options = options
    this.#context = context
    this.#lastUsed = context.clock.now()
  }

  get memory(): number {
    return this.options.memory
  }

  get isLive(): boolean {
    return ['starting', 'ready', 'stopping'].includes(this.#life.state)
  }

  get isStopping(): boolean {
    return this.#run?.isToStop === true
  }

  get isBusy(): boolean {
    return this.#running > 0 || (this.#isOpen && this.#waiting > 0)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isReady(): boolean {
    return this.#life.state === 'ready' && !this.isStopping
  }

  get readySince(): number {
    return this.#readySince
  }

  get lastUsed(): number {
    return this.#lastUsed
  }

  /** The port that it listens on; undefined where it does not run. */
  get port(): number | undefined {
    return this.isReady ? this.#run?.port : undefined
  }

  /** The names of the models that it listed when it became ready. */
  get listed(): readonly string[] {
    return this.#run?.listed ?? []
  }

  get status(): ProcessStatus {
    const { failures, since, state } = this.#life
    const forMs = since === 0 ? undefined : Math.round(this.#context.clock.now() - since)
    return {
      state,
      ...(forMs !== undefined && { forMs }),
      ...(this.#run?.pid !== undefined && { pid: this.#run.pid }),
      ...(failures > 0 && { failures }),
      ...(this.#lastExit !== undefined && { lastExit: this.#lastExit }),
      waiting: this.#waiting,
      output: this.output.lines(STATUS_LINES),
    }
  }

  /**
   * Starts the server where it is not ready, and resolves when it is; then `leave` has to be called.
   * Rejects with an `ApiError`, or with the signal's reason: the start goes on for the others.
   */
  async enter(entry: Entry): Promise<void> {
    if (!this.admits) await this.#untilReady(entry)
    this.#running++
    this.#stopTimer()
  }

  /** For a request within one that has entered: it keeps the server in use until `leave`. */
  hold(): void {
    this.#running++
    this.#stopTimer()
  }

  leave(): void {
    this.#running--
    this.#used()
  }

  /** Starts it in advance. Does nothing where it runs. */
  start(): void {
    this.#loop ??= this.#live().finally(() => {
      this.#loop = undefined
      this.#wake()
      this.#context.memory.review()
      this.#restartLater()
    })
  }

  close(): void {
    this.#isOpen = false
  }

  reopen(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#wake()
  }

  giveWay(): void {
    this.#run?.stop('another server needs its memory')
  }

  /** Stops it as soon as no request needs it, whatever its idle time. */
  retire(): void {
    this.#isRetired = true
    if (this.#running === 0 && this.#waiting === 0) this.#run?.stop('the settings have changed')
  }

  /** Stops it for good, whatever it does. Resolves when none of its processes is left. */
  async stop(why: string): Promise<void> {
    this.#isRetired = true
    this.#isEnded = true
    this.#wake()
    this.#stopTimer()
    this.#run?.stop(why)
    await this.#loop
  }

  /** Whether a request need not wait for it. */
  get admits(): boolean {
    return this.isReady && this.#isOpen
  }

  async #untilReady({ signal, model, onStart }: Entry): Promise<void> {
    const { maxWaiting, clock } = this.#context
    if (this.#waiting >= maxWaiting) throw tooManyWait(this.options.label, maxWaiting)
    const failures = this.#failureCount
    this.#waiting++
    try {
      while (!this.admits) {
        signal.throwIfAborted()
        if (this.#isEnded) throw shutDown(this.options.label)
        const now = clock.now()
        const isFailed = this.#failureCount > failures || this.#life.hasGivenUp(now)
        if (isFailed && this.#failure) throw this.#failure
        if (this.#life.untilRetry(now) > 0) this.#restartLater()
        else if (!this.isStopping) this.start()
        onStart?.({ model, text: progressText(model, this.#life, now) })
        await abortable(this.#changed.promise, signal)
      }
    } finally {
      this.#waiting--
      onStart?.(undefined)
      if (this.#waiting === 0) this.#used()
    }
  }

  /** From the start of the process to its end: the one place that changes the state. */
  async #live(): Promise<void> {
    const { clock, tell } = this.#context
    const { label, startTimeout } = this.options
    const run = new ServerRun(this.options, this.#context, this.output, () => this.#wake())
    this.#run = run
    this.#enter('waiting')
    try {
      const isAdmitted = await run.admitted(this, startTimeout)
      if (!isAdmitted) return this.#notAdmitted(run)
      this.#enter('starting')
      const started = clock.now()
      if (await run.started()) {
        this.#enter('ready')
        this.#readySince = clock.now()
        tell(label, `ready after ${seconds(clock.now() - started)} s`)
        this.#used()
        await run.over()
      }
      this.#stopTimer()
      if (run.isToStop) this.#enter('stopping')
      await run.end()
      if (run.failure === undefined) this.#stopped(run)
      else this.#failed(run.failure)
    } catch (error) {
      this.#failed(couldNotRun(error instanceof Error ? error.message : String(error)))
    } finally {
      this.#readySince = Number.POSITIVE_INFINITY
      this.#isOpen = true
      this.#run = undefined
    }
  }

  #notAdmitted({ isToStop }: ServerRun): void {
    if (!isToStop) this.#refuse(memoryBusy(this.options.label, this.options.startTimeout))
    this.#enter('stopped')
  }

  #stopped({ why }: ServerRun): void {
    this.#enter('stopped')
    this.#context.tell(this.options.label, `stopped: ${why}`)
  }

  #failed(failure: StartFailure): void {
    const { label } = this.options
    this.#life.fail(this.#context.clock.now())
    this.#lastExit = failure.why
    this.#refuse(startFailed(label, failure, this.#life.untilRetry(this.#context.clock.now())))
    this.#context.tell(label, `${failure.why}${this.output.ending}`)
  }

  #refuse(error: ApiError): void {
    this.#failure = error
    this.#failureCount++
    this.#wake()
  }

  #enter(state: Parameters<Lifecycle['enter']>[0]): void {
    this.#life.enter(state, this.#context.clock.now())
    this.#wake()
    this.#context.memory.review()
  }

  /** Wakes all waiters, which check the state again. */
  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** A request has ended, or was given up. */
  #used(): void {
    const { clock, memory } = this.#context
    this.#lastUsed = clock.now()
    if (this.#running === 0) memory.review()
    if (this.#running > 0 || this.#waiting > 0) return
    if (this.#life.state === 'waiting' && !this.options.preload) this.#run?.stop('no request waits')
    if (this.#isRetired) this.#run?.stop('the settings have changed')
    const { idle } = this.options
    this.#stopTimer()
    if (idle > 0 && this.isReady) {
      const stop = () => this.#run?.stop(`no request for ${seconds(idle)} s`)
      this.#cancelTimer = clock.after(idle, stop)
    }
  }

  /** After a failure: starts it when it may be, where a request waits or it is to be preloaded. */
  #restartLater(): void {
    const isWanted = this.#waiting > 0 || (this.options.preload && this.#life.state === 'failed')
    if (!isWanted || this.#isRetired) return
    this.#stopTimer()
    const { clock } = this.#context
    this.#cancelTimer = clock.after(this.#life.untilRetry(clock.now()), () => this.start())
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
  }
}
