import type { StateFailure } from './guarded-limits.ts'
import { UnusableServerError } from './server-check.ts'

const MEANWHILE: Readonly<Record<StateFailure, string>> = {
  local: 'each instance allows its share of the limits, and keeps new responses to itself',
  open: 'no limits hold, and each instance keeps new responses to itself',
  closed: 'requests are refused with 503',
}

/** Tells the person who runs a server of the store: a line for each change, and each warning once. */
export class StateLog {
  readonly #policy: StateFailure
  readonly #tell: (text: string) => void
  readonly #warned = new Set<string>()
  #wasAway = false
  #toldFullUntil = 0

  constructor(policy: StateFailure, tell: (text: string) => void) {
    this.#policy = policy
    this.#tell = tell
  }

  onChange(isAway: boolean, error: Error | undefined): void {
    if (isAway) {
      this.#tell(`state: ${whyAway(error)}; until it is there again, ${MEANWHILE[this.#policy]}.`)
    } else if (this.#wasAway) {
      this.#tell('state: the store is there again, and limits are shared.')
    }
    this.#wasAway = isAway
  }

  /** Called for each call that failed so: told at most once a minute. */
  onFull(): void {
    const now = performance.now()
    if (now < this.#toldFullUntil) return
    this.#toldFullUntil = now + 60_000
    const meanwhile = MEANWHILE[this.#policy]
    this.#tell(
      `state: the store has no memory left; give it more (maxmemory). Until it has some, ${meanwhile}, and streams are not stored.`,
    )
  }

  warn(warning: string | undefined): void {
    if (warning === undefined || this.#warned.has(warning)) return
    this.#warned.add(warning)
    this.#tell(warning)
  }
}

function whyAway(error: Error | undefined): string {
  if (error === undefined) return "the store can't be reached"
  const reason = error.message.replace(/^state: /, '').replace(/\.$/, '')
  if (error instanceof UnusableServerError) return `the store can't be used: ${reason}`
  return `the store can't be reached (${reason})`
}
