import type { ProcessExit, StartedProcess } from '../../platform/process.ts'
import { withPort } from '../../settings/command.ts'
import { pause } from './clock.ts'
import type { ManagedContext } from './context.ts'
import { ended, portInUse, type StartFailure, tookTooLong } from './errors.ts'
import { type HealthTarget, isReady, listedModels } from './health.ts'
import type { MemoryUser } from './memory.ts'
import { environmentOf, type ManagedOptions } from './options.ts'
import type { OutputTail } from './output.ts'

/** Milliseconds between two health checks: at first, and at most. */
const CHECK_EVERY = { first: 100, max: 1_000 }

/** How often another port is tried, where a program took the free one before the server did. */
const MAX_PORTS = 3

/**
 * Milliseconds between two looks at a fixed port that is in use, and how long it is looked at where
 * no other server of sluice uses it.
 */
const PORT_WAIT = { every: 250, max: 5_000 }

/** Milliseconds after SIGKILL for which the end of a process is waited for. */
const KILL_WAIT = 5_000

/** What a process that even SIGKILL does not end means, for the person who reads the log. */
const LEFT_BEHIND =
  'sluice goes on without it, while it may still use its port and memory: look for what keeps it'

/** One life of a server, from the wait for memory to the end of its last process. */
export class ServerRun {
  port: number | undefined
  listed: readonly string[] = []
  /** Why it ended by itself, or did not start; undefined where it was stopped. */
  failure: StartFailure | undefined
  /** Why it is stopped. */
  why = ''
  /** Whether it waits until another program has given its fixed port back. */
  waitsForPort = false
  readonly #options: ManagedOptions
  readonly #context: ManagedContext
  readonly #output: OutputTail
  readonly #onCheck: () => void
  readonly #stop = new AbortController()
  #process: StartedProcess | undefined
  #exit: ProcessExit | undefined

  constructor(
    options: ManagedOptions,
    context: ManagedContext,
    output: OutputTail,
    onCheck: () => void,
  ) {
    this.#options = options
    this.#context = context
    this.#output = output
    this.#onCheck = onCheck
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get isToStop(): boolean {
    return this.#stop.signal.aborted
  }

  /** Asks it to end; the first reason stands. */
  stop(why: string): void {
    if (this.isToStop) return
    this.why = why
    this.#stop.abort()
  }

  /** Resolves with true once there is memory; with false where it is stopped, or time is up. */
  async admitted(user: MemoryUser, timeout: number): Promise<boolean> {
    const { clock, memory } = this.#context
    const control = new AbortController()
    const abort = () => control.abort()
    const cancel = clock.after(timeout, abort)
    this.#stop.signal.addEventListener('abort', abort, { once: true })
    try {
      await memory.admit(user, control.signal)
      return true
    } catch {
      return false
    } finally {
      cancel()
    }
  }

  /** Starts the process. Resolves with whether it became ready; else it failed or is to be stopped. */
  async started(user: MemoryUser): Promise<boolean> {
    const deadline = this.#context.clock.now() + this.#options.startTimeout
    for (let tries = 1; ; tries++) {
      const port = await this.#choosePort(user, deadline)
      if (port === undefined || this.isToStop) return false
      this.port = port
      await this.#startProcess(port)
      if (this.isToStop) return false
      if (await this.#untilHealthy(port, deadline)) return true
      if (this.isToStop || this.#exit === undefined || this.#options.port !== undefined)
        return false
      const wasTaken = tries < MAX_PORTS && !(await this.#context.processes.isPortFree(port))
      if (!wasTaken) return false
      this.#process?.kill('SIGKILL')
      this.failure = undefined
      this.#exit = undefined
      this.#tell(`found port ${port} in use; another one is tried`)
    }
  }

  /** Resolves when the process has ended, or is to be stopped. */
  async over(): Promise<void> {
    await Promise.race([this.#process?.exited, this.#stopped()])
    this.#noteExit()
  }

  /** Ends all its processes: asks them, and then kills what is left. */
  async end(): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    const { clock } = this.#context
    if (this.#exit === undefined) {
      running.kill('SIGTERM')
      const control = new AbortController()
      const patience = pause(clock, this.#options.stopTimeout, control.signal)
      await Promise.race([running.exited, patience])
      control.abort()
    }
    // Also where it has ended: what it started may not have.
    running.kill('SIGKILL')
    const control = new AbortController()
    const isOver = await Promise.race([
      running.exited.then(() => true),
      pause(clock, KILL_WAIT, control.signal).then(() => false),
    ])
    control.abort()
    if (!isOver) this.#tell(`did not end within ${KILL_WAIT / 1000} s of SIGKILL; ${LEFT_BEHIND}`)
  }

  async #choosePort(user: MemoryUser, deadline: number): Promise<number | undefined> {
    const { port } = this.#options
    if (port === undefined) return this.#context.processes.freePort()
    try {
      return await this.#untilFree(port, user, deadline)
    } finally {
      this.waitsForPort = false
    }
  }

  async #untilFree(port: number, user: MemoryUser, deadline: number): Promise<number | undefined> {
    const { processes, clock, usesPort } = this.#context
    // The former process may still be giving it back; one of our own may even answer requests yet.
    for (let giveUpAt = clock.now() + PORT_WAIT.max; ; ) {
      if (await processes.isPortFree(port)) return port
      const now = clock.now()
      const isOwn = usesPort(port, user)
      if (isOwn) giveUpAt = now + PORT_WAIT.max
      if (now >= Math.min(giveUpAt, deadline)) {
        this.failure = portInUse(port, isOwn)
        return undefined
      }
      this.waitsForPort = true
      await pause(clock, PORT_WAIT.every, this.#stop.signal)
      if (this.isToStop) return undefined
    }
  }

  async #startProcess(port: number): Promise<void> {
    const { command, cwd, stopTimeout } = this.#options
    this.#output.clear()
    const started = await this.#context.processes.start({
      command: withPort(command, port),
      env: environmentOf(this.#options, port),
      ...{ cwd, stopTimeout },
      onOutput: (bytes) => this.#output.add(bytes),
    })
    this.#process = started
    void started.exited.then((exit) => {
      if (this.#process === started) this.#exit = exit
    })
    if (started.pid !== undefined) this.#tell(`started (process ${started.pid}, port ${port})`)
  }

  /** Whether it became ready: not where it ended, where it is stopped, or where it takes too long. */
  async #untilHealthy(port: number, deadline: number): Promise<boolean> {
    const { clock, fetch } = this.#context
    const { health, key, startTimeout } = this.#options
    const target: HealthTarget = { port, health, key, fetch, clock, deadline }
    const ended = new AbortController()
    const end = () => ended.abort()
    this.#stop.signal.addEventListener('abort', end, { once: true })
    void this.#process?.exited.then(end)
    for (let wait = CHECK_EVERY.first; ; wait = Math.min(wait * 1.5, CHECK_EVERY.max)) {
      const ready = await isReady(target, ended.signal)
      if (this.#noteExit() || this.isToStop) return false
      if (ready) break
      if (clock.now() >= deadline) {
        this.failure = tookTooLong(startTimeout)
        return false
      }
      this.#onCheck()
      await pause(clock, Math.min(wait, deadline - clock.now()), ended.signal)
      if (this.#noteExit() || this.isToStop) return false
    }
    const listing = { ...target, deadline: Number.POSITIVE_INFINITY }
    this.listed = await listedModels(listing, ended.signal)
    // Another program may have answered in its place: then it could not listen, and has ended.
    return !this.#noteExit() && !this.isToStop
  }

  /** Whether the process has ended by itself. */
  #noteExit(): boolean {
    if (this.#exit === undefined) return false
    if (!this.isToStop) this.failure ??= ended(this.#exit)
    return true
  }

  #stopped(): Promise<void> {
    const { signal } = this.#stop
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      if (signal.aborted) resolve()
    })
  }

  #tell(event: string): void {
    this.#context.tell(this.#options.label, event)
  }
}
