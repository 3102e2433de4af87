/**
 * Compiles what answers requests before the first one comes: a runtime compiles code only after it has run
 * for a while, so that the first request costs ten times as much as the thousandth.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Handler } from '../../../handler.ts'
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

/** It holds up no process that has nothing else to do. */
const UNHELD = { ref: false }

export interface WarmUpResult {
  rounds: number
  /** Milliseconds of processor time. */
  took: number
  /** Why it ended: nothing became faster any more, its time was up, or a client asked for something. */
  end: 'flat' | 'spent' | 'asked'
}

export class WarmUp {
  /** Whether a client has asked for something that an engine answers. */
  #isAsked = false
  #isOver = false
  #arrivedAt = Number.NEGATIVE_INFINITY
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
    if (method === 'POST') this.#isAsked = true
  }

  /** For a server that is about to end. */
  stop(): void {
    this.#isAsked = true
  }

  /** Runs until it helps no more. What it asks shares nothing with what serves. */
  async run(): Promise<WarmUpResult> {
    // Loaded once the server listens: its start does not wait for it.
    const { practise } = await import('./practice.ts')
    const { requests, close } = await practise(this.#runtime)
    const startedAt = performance.now()
    const before = usedTime()
    const rounds: number[] = []
    const result = (end: WarmUpResult['end']) => ({
      rounds: rounds.length,
      took: usedTime() - before,
      end,
    })
    try {
      for (;;) {
        const begun = usedTime()
        for (const request of requests) {
          await this.#turn()
          if (this.#isAsked) return result('asked')
          await request()
        }
        rounds.push(usedTime() - begun)
        if (usedTime() - before > MOST || performance.now() - startedAt > LATEST)
          return result('spent')
        if (isFlat(rounds)) return result('flat')
      }
    } finally {
      this.#isOver = true
      await close()
    }
  }

  /** Lets all that waits run first. */
  async #turn(): Promise<void> {
    await sleep(1, undefined, UNHELD)
    for (;;) {
      const left = this.#arrivedAt + PAUSE - performance.now()
      if (left <= 0 || this.#isAsked) return
      await sleep(left, undefined, UNHELD)
    }
  }
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
