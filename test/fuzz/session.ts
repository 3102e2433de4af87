/** One run of the fuzzing: the targets in turn, a batch of cases each, until the time is over. */
import fc from 'fast-check'
import { corpusOf, type Finding, signatureOf, writeFinding } from './findings.ts'
import { propertyOf, runCase, type Target } from './target.ts'

/** Milliseconds of one target's turn, and cases of one seed. */
const TURN = 3_000
const BATCH = 500
/** Milliseconds of a batch, most of which go into making a finding smaller. */
const LONGEST = 30_000

export interface Progress {
  target: Target
  cases: number
  ms: number
  findings: number
  /** The seed of the next batch. */
  seed: number
}

export interface Reporter {
  finding(finding: Finding, file: string): void
  turn(progress: Progress): void
}

export interface SessionOptions {
  seed: number
  /** When to stop: `Date.now()`. */
  until: number
  /** The most cases of each target. */
  cases: number
  endsAtFinding: boolean
  stop: AbortSignal
}

export class Session {
  readonly progress: Progress[]
  readonly #options: SessionOptions
  readonly #reporter: Reporter
  /** What was told already. */
  readonly #known = new Set<string>()

  constructor(targets: readonly Target[], options: SessionOptions, reporter: Reporter) {
    this.#options = options
    this.#reporter = reporter
    const { seed } = options
    this.progress = targets.map((target) => ({ target, cases: 0, ms: 0, findings: 0, seed }))
  }

  /** Runs until the time is over, all cases were run, or it is stopped. */
  async run(): Promise<void> {
    for (const each of this.progress) await this.#runCorpus(each)
    for (let isRunning = true; isRunning; ) {
      isRunning = false
      for (const each of this.progress) {
        if (this.#isOver(each)) continue
        isRunning = true
        await this.#turn(each)
      }
    }
  }

  #isOver({ cases }: Progress): boolean {
    const { until, stop, cases: most, endsAtFinding } = this.#options
    if (endsAtFinding && this.#known.size > 0) return true
    return stop.aborted || Date.now() >= until || cases >= most
  }

  async #runCorpus(progress: Progress): Promise<void> {
    for (const { file, input } of corpusOf(progress.target.name)) {
      try {
        await runCase(progress.target, input)
      } catch (error) {
        this.#tell(progress, { error: `${file}: ${messageOf(error)}`, input })
      }
    }
  }

  /** Runs batches, each with a seed of its own, so that memory does not grow with the run. */
  async #turn(progress: Progress): Promise<void> {
    const started = Date.now()
    while (Date.now() - started < TURN && !this.#isOver(progress)) {
      await this.#batch(progress)
    }
    progress.ms += Date.now() - started
    this.#reporter.turn(progress)
  }

  async #batch(progress: Progress): Promise<void> {
    const { cases, stop } = this.#options
    const { seed, target } = progress
    const numRuns = Math.min(target.batch ?? BATCH, cases - progress.cases)
    const property = propertyOf(target, () => stop.aborted)
    const details = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit: LONGEST })
    progress.cases += details.numRuns
    progress.seed = seed + 1
    if (!details.failed || details.counterexample === null) return
    const [input] = details.counterexample
    const error = messageOf(details.errorInstance)
    this.#tell(progress, { error, input, replay: `${seed}:${details.counterexamplePath}` })
  }

  #tell(progress: Progress, found: Omit<Finding, 'target'>): void {
    const finding = { target: progress.target.name, ...found }
    progress.findings++
    const signature = signatureOf(finding)
    if (this.#known.has(signature)) return
    this.#known.add(signature)
    this.#reporter.finding(finding, writeFinding(finding))
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
