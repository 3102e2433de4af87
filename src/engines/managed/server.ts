import { abortable } from '../../util/abortable.ts'
import type { ApiError } from '../../wire/errors/api-error.ts'
import type { ProcessStatus } from '../engine.ts'
import { Timer } from './clock.ts'
import type { ManagedContext } from './context.ts'
import { type Entry, WaitLimit } from './entry.ts'
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
import { processStatus } from './status.ts'

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
  readonly #timers: { idle: Timer; restart: Timer }

  constructor(options: ManagedOptions, context: ManagedContext) {
    this.options = options
    this.#context = context
    this.#lastUsed = context.clock.now()
    this.#timers = { idle: new Timer(context.clock), restart: new Timer(context.clock) }
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

  /** The port of its process, also of one that is not ready yet or is being ended. */
  get usedPort(): number | undefined {
    return this.#run?.port
  }

  /** The names of the models that it listed when it became ready. */
  get listed(): readonly string[] {
    return this.#run?.listed ?? []
  }

  get status(): ProcessStatus {
    const more = { pid: this.#run?.pid, lastExit: this.#lastExit, waiting: this.#waiting }
    return processStatus(this.#life, this.output, more, this.#context.clock.now())
  }

  /**
   * Starts the server where it is not ready, and resolves when it is; then `leave` has to be called.
   * Rejects with an `ApiError`, or with the signal's reason: the start goes on for the others.
   */
  async enter(entry: Entry): Promise<void> {
    if (this.admits) this.hold()
    else await this.#untilReady(entry)
  }

  /** For a request within one that has entered: it keeps the server in use until `leave`. */
  hold(): void {
    this.#running++
    this.#timers.idle.stop()
  }

  leave(): void {
    this.#running--
    this.#used()
  }

  /** Starts it in advance. Does nothing where it runs. */
  start(): void {
    this.#timers.restart.stop()
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
    this.#timers.idle.stop()
    this.#timers.restart.stop()
    this.#run?.stop(why)
    await this.#loop
  }

  /** Whether a request need not wait for it. */
  get admits(): boolean {
    return this.isReady && this.#isOpen
  }

  /** Resolves once it admits the request, which is then running. */
  async #untilReady({ signal, model, onStart }: Entry): Promise<void> {
    const { maxWaiting, clock } = this.#context
    if (this.#waiting >= maxWaiting) throw tooManyWait(this.options.label, maxWaiting)
    const failures = this.#failureCount
    const limit = new WaitLimit(this.options, clock, () => this.#wake())
    this.#waiting++
    try {
      while (!this.admits) {
        signal.throwIfAborted()
        this.#requireHope(failures)
        limit.check()
        const now = clock.now()
        if (this.#life.untilRetry(now) > 0) this.#restartLater()
        else if (!this.isStopping) this.start()
        onStart?.({ model, text: progressText(model, this.#life, now) })
        await abortable(this.#changed.promise, signal)
      }
      // It has to be in use all the time, or one that was replaced on a reload would be stopped here.
      this.hold()
    } finally {
      limit.cancel()
      this.#waiting--
      onStart?.(undefined)
      if (this.#waiting === 0) this.#used()
    }
  }

  /** Throws where it will not be started for a request that came after so many failures. */
  #requireHope(failures: number): void {
    if (this.#isEnded) throw shutDown(this.options.label)
    const hasFailed =
      this.#failureCount > failures || this.#life.hasGivenUp(this.#context.clock.now())
    // With settings that are no longer in force it is not started again after a failure.
    const isOver = this.#isRetired && this.#life.state === 'failed'
    if ((hasFailed || isOver) && this.#failure) throw this.#failure
  }

  /** From the start of the process to its end: the one place that changes the state. */
  async #live(): Promise<void> {
    const { clock, tell } = this.#context
    const { label, startTimeout } = this.options
    const run = new ServerRun(this.options, this.#context, this.output, () => this.#wake())
    this.#run = run
    this.#enter('waiting')
    try {
      if (!(await run.admitted(this, startTimeout))) {
        if (!run.isToStop) this.#refuse(memoryBusy(label, startTimeout))
        return this.#enter('stopped')
      }
      this.#enter('starting')
      const started = clock.now()
      if (await run.started(this)) {
        this.#enter('ready')
        this.#readySince = clock.now()
        tell(label, `ready after ${seconds(clock.now() - started)} s`)
        this.#used()
        await run.over()
      }
      this.#timers.idle.stop()
      if (run.isToStop) this.#enter('stopping')
      await run.end()
      if (run.failure !== undefined) return this.#failed(run.failure)
      this.#enter('stopped')
      tell(label, `stopped: ${run.why}`)
    } catch (error) {
      this.#failed(couldNotRun(error instanceof Error ? error.message : String(error)))
    } finally {
      this.#readySince = Number.POSITIVE_INFINITY
      this.#isOpen = true
      this.#run = undefined
    }
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
    const isPending = this.#life.state === 'waiting' || this.#run?.waitsForPort === true
    if (isPending && !this.options.preload) this.#run?.stop('no request waits')
    if (this.#isRetired) this.#run?.stop('the settings have changed')
    const { idle } = this.options
    this.#timers.idle.stop()
    if (idle > 0 && this.isReady) {
      this.#timers.idle.set(idle, () => this.#run?.stop(`no request for ${seconds(idle)} s`))
    }
  }

  /** After a failure: starts it when it may be, where a request waits or it is to be preloaded. */
  #restartLater(): void {
    if (!this.#isWanted) return
    const wait = this.#life.untilRetry(this.#context.clock.now())
    this.#timers.restart.set(wait, () => {
      // Those who waited may have left meanwhile.
      if (this.#isWanted) this.start()
    })
  }

  get #isWanted(): boolean {
    const isToPreload = this.options.preload && this.#life.state === 'failed'
    return !this.#isRetired && (this.#waiting > 0 || isToPreload)
  }
}
