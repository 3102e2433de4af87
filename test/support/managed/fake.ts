// A clock that tests advance, and programs that do what tests say.

import type { Clock } from '../../../src/engines/managed/clock.ts'
import type { ManagedContext } from '../../../src/engines/managed/context.ts'
import { MemoryBudget } from '../../../src/engines/managed/memory.ts'
import type { ManagedOptions } from '../../../src/engines/managed/options.ts'
import { ManagedServer } from '../../../src/engines/managed/server.ts'
import type { Fetched } from '../../../src/platform/fetch.ts'
import type { ProcessCommand, ProcessExit } from '../../../src/platform/process.ts'

class FakeClock implements Clock {
  #now = 1_000
  readonly #timers = new Set<{ at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets so much time pass, and all that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.at - other.at)
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await settled()
    }
    this.#now = end
    await settled()
  }

  /** The timers that are still to fire. */
  get pending(): number {
    return this.#timers.size
  }
}

/** Until all promises that could settle have. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A program that was started. */
export class FakeProcess {
  readonly pid: number
  readonly given: ProcessCommand
  readonly signals: string[] = []
  readonly port: number
  /** Whether its health check succeeds; undefined for one that is never answered. */
  isHealthy: boolean | undefined = false
  ignoresTerm = false
  readonly #exit = Promise.withResolvers<ProcessExit>()
  hasEnded = false

  constructor(pid: number, port: number, given: ProcessCommand) {
    this.pid = pid
    this.port = port
    this.given = given
  }

  get exited(): Promise<ProcessExit> {
    return this.#exit.promise
  }

  end(exit: Partial<ProcessExit>): void {
    this.hasEnded = true
    this.#exit.resolve({ code: null, signal: null, ...exit })
  }

  say(text: string): void {
    this.given.onOutput(new TextEncoder().encode(text))
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(signal)
    if (signal === 'SIGKILL' || !this.ignoresTerm) this.end({ signal })
  }
}

/** All that servers have in common, with what happened to them. */
export function fakeContext(limit?: number) {
  const clock = new FakeClock()
  const started: FakeProcess[] = []
  const told: string[] = []
  const taken = new Set<number>()
  const memory = new MemoryBudget(clock)
  memory.limit = limit
  let port = 40_000
  const context: ManagedContext = {
    clock,
    memory,
    maxWaiting: 3,
    usesPort: () => false,
    tell: (label, event) => void told.push(`${label} ${event}`),
    processes: {
      async start(given) {
        const started_ = new FakeProcess(started.length + 1, portIn(given), given)
        started.push(started_)
        return started_
      },
      freePort: async () => ++port,
      isPortFree: async (each) => !taken.has(each),
    },
    fetch: (url, { signal }) => answer(url, signal),
  }
  return { clock, context, started, told, taken, memory, serverOf }

  function answer(url: string, signal: AbortSignal | undefined): Promise<Fetched> {
    const asked = started.findLast((each) => url.includes(`:${each.port}/`) && !each.hasEnded)
    if (asked === undefined) return Promise.reject(new TypeError('connection refused'))
    if (asked.isHealthy === undefined) {
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason))
      })
    }
    const response = new Response('{"data":[{"id":"m"}]}', { status: asked.isHealthy ? 200 : 503 })
    return Promise.resolve(response as unknown as Fetched)
  }

  function serverOf(options: Partial<ManagedOptions> = {}): ManagedServer {
    return new ManagedServer(
      {
        ...{
          label: 'gpu',
          command: ['server', `\${PORT}`],
          port: undefined,
          env: {},
          cwd: undefined,
        },
        ...{ health: undefined, key: undefined, startTimeout: 60_000, idle: 30_000 },
        ...{ stopTimeout: 5_000, memory: 0, preload: false },
        ...options,
      },
      context,
    )
  }
}

function portIn({ command, env }: ProcessCommand): number {
  return Number(/\d{4,5}/.exec([...command, ...Object.values(env)].join(' '))?.[0] ?? 0)
}

/** A request that enters, and what came of it. */
export function request(server: ManagedServer, model = 'm') {
  const control = new AbortController()
  const progress: (string | undefined)[] = []
  const result = { state: 'waiting', error: undefined as unknown }
  const onStart = (each?: { text: string }) => void progress.push(each?.text)
  const done = server.enter({ signal: control.signal, model, onStart }).then(
    () => void Object.assign(result, { state: 'entered' }),
    (error: unknown) => Object.assign(result, { state: 'refused', error }),
  )
  return { result, progress, done, leave: () => server.leave(), abandon: () => control.abort() }
}
