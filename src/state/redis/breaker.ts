/** Failures in a row after which calls are refused without being sent. */
const FAILURES = 3
/** Milliseconds until the first probe; doubled with each that fails. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 10_000

/**
 * Decides when a server is not asked any more. After three failures in a row it opens; whoever owns it then
 * probes the server after each `pauseMs`, which no request waits for. After a probe that succeeded, one call
 * that fails opens it again.
 */
export class Breaker {
  #failures = 0
  #pauseMs = FIRST_PAUSE
  #isOpen = false

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Milliseconds until the next probe. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  /** A call succeeded. */
  onSuccess(): void {
    if (this.#isOpen) return
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE
  }

  /** A call failed. Returns whether that opened it. */
  onFailure(): boolean {
    // Calls that were sent before it opened tell nothing new.
    if (this.#isOpen) return false
    this.#failures++
    if (this.#failures < FAILURES) return false
    this.#isOpen = true
    return true
  }

  onProbe(succeeded: boolean): void {
    if (!succeeded) {
      this.#lengthen()
      return
    }
    this.#isOpen = false
    this.#failures = FAILURES - 1
    this.#lengthen()
  }

  #lengthen(): void {
    this.#pauseMs = Math.min(LONGEST_PAUSE, this.#pauseMs * 2)
  }
}
