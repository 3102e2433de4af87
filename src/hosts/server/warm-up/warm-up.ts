/**
 * Compiles what answers requests before the first one comes: a runtime compiles code only after it has run
 * for a while, so that the first request costs ten times as much as the thousandth.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Handler } from '../../../handler.ts'
import type { Settings } from '../../../settings/settings.ts'
import { hasRegisteredSdk } from '../../../telemetry/traces/registered.ts'
import { terminalLine } from '../../../util/safe/terminal.ts'
import type { Runtime } from '../runtime.ts'

/** The most milliseconds of processor time that it takes: of this process, with what its compilers take. */
const MOST = 900

/** The most milliseconds until it ends, on a machine that has much else to do. */
const LATEST = 15_000

/** Rounds that are compared with those before: where they are no faster, all is compiled that will be. */
const COMPARED = 20

/** How much faster they have to be. */
const FASTER = 0.97

/** Milliseconds for which it makes way for a request. */
const PAUSE = 250

/** Milliseconds for which the end of a server waits for it: longer only where a question of its own hangs. */
const MOST_OF_END = 500

export interface WarmUpResult {
  rounds: number
  /** Milliseconds of processor time. */
  took: number
  /**
   * Why it ended: nothing became faster any more, its time was up, a client asked for something, or the program
   * measures with OpenTelemetry, where practice would be counted as requests.
   */
  end: 'flat' | 'spent' | 'asked' | 'measured'
}

export class WarmUp {
  /** Aborted once a client has asked for something that an engine answers, or a server is about to end. */
  readonly #asked = new AbortController()
  #isOver = false
  #arrivedAt = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** The same function, whose requests this makes way for. */
  before(fetch: Handler['fetch']): Handler['fetch'] {
    return (request) => {
      if (!this.#isOver) this.#makeWay(request)
      return fetch(request)
    }
  }

  /** A question is better practice than this has; others, such as one for `/health`, are over soon. */
  #makeWay({ method }: Request): void {
    this.#arrivedAt = performance.now()
    if (method === 'POST') this.#asked.abort()
  }

  /** Runs once, and says it where it cannot. */
  start(): void {
    this.#running ??= this.run().then(
      () => {},
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error)
        console.error(
          `sluice: ${terminalLine(`warmUp: the warm-up has ended early (${why}); the first requests may take longer.`)}`,
        )
      },
    )
  }

  /** For a server that is about to end: resolves when nothing of this is left. */
  async stop(): Promise<void> {
    this.#asked.abort()
    await Promise.race([this.#running, sleep(MOST_OF_END, undefined, { ref: false })])
  }

  /** Runs until it helps no more. What it asks shares nothing with what serves. */
  async run(): Promise<WarmUpResult> {
    const startedAt = performance.now()
    const before = usedTime()
    const rounds: number[] = []
    const result = (end: WarmUpResult['end']) => ({
      ...{ rounds: rounds.length, took: usedTime() - before, end },
    })
    const early = (): WarmUpResult['end'] | undefined => {
      if (this.#asked.signal.aborted) return 'asked'
      if (hasRegisteredSdk()) return 'measured'
      return performance.now() - startedAt > LATEST ? 'spent' : undefined
    }
    // What answers a client that asks at once: it is not to wait until this is loaded.
    this.#arrivedAt = startedAt
    await this.#turn(startedAt + LATEST)
    let end = early()
    this.#isOver = end !== undefined
    if (end !== undefined) return result(end)
    const { practise } = await import('./practice.ts')
    const { requests, close } = await practise(this.#runtime)
    try {
      for (;;) {
        const begun = usedTime()
        for (const request of requests) {
          await this.#turn(startedAt + LATEST)
          end = early()
          if (end !== undefined) return result(end)
          await request()
        }
        rounds.push(usedTime() - begun)
        if (usedTime() - before > MOST) return result('spent')
        if (isFlat(rounds)) return result('flat')
      }
    } finally {
      this.#isOver = true
      await close()
    }
  }

  /** Lets all that waits run first, until then at the latest. */
  async #turn(latest: number): Promise<void> {
    // It holds up no process that has nothing else to do.
    const unheld = { ref: false, signal: this.#asked.signal }
    try {
      await sleep(1, undefined, unheld)
      for (;;) {
        const now = performance.now()
        const left = Math.min(this.#arrivedAt + PAUSE, latest) - now
        if (left <= 0) return
        await sleep(left, undefined, unheld)
      }
    } catch {
      // Whoever aborted it ends it.
    }
  }
}

let ofProcess: WarmUp | undefined

/**
 * The one of this process, as code is compiled once, however many servers run it; undefined where the settings or
 * the permissions of the program want none.
 */
export function warmUpOf(runtime: Runtime, { warmUp }: Pick<Settings, 'warmUp'>) {
  if (!warmUp || runtime.mayPractise?.() === false) return undefined
  ofProcess ??= new WarmUp(runtime)
  return ofProcess
}

/** Milliseconds of processor time that this process has used. */
function usedTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function isFlat(rounds: readonly number[]): boolean {
  if (rounds.length < 2 * COMPARED) return false
  const last = Math.min(...rounds.slice(-COMPARED))
  return last > FASTER * Math.min(...rounds.slice(-2 * COMPARED, -COMPARED))
}
