/**
 * The time by a clock that all processes of this machine share, and its form in a token's text: `~` and
 * sixteen digits. The width is fixed, so that a frame differs from the frame before it only in the
 * text of its delta.
 */

/** The byte before the digits, which appears nowhere else in a frame. */
export const STAMP_MARK = 126
export const STAMP_DIGITS = 16
/** A stamp that was not filled in. */
export const EMPTY_STAMP = `~${'0'.repeat(STAMP_DIGITS)}`

const HALF = 100_000_000

/** Microseconds since 1970. */
export function now(): number {
  return (performance.timeOrigin + performance.now()) * 1000
}

/** Writes the digits of `microseconds` at the offset `at`, just after the mark. */
export function writeStamp(bytes: Uint8Array, at: number, microseconds: number): void {
  const high = Math.floor(microseconds / HALF)
  writeDigits(bytes, at + 8, high)
  writeDigits(bytes, at + STAMP_DIGITS, Math.floor(microseconds - high * HALF))
}

/** Writes ten digits: seconds since 1970. */
export function writeSeconds(bytes: Uint8Array, at: number, seconds: number): void {
  const high = Math.floor(seconds / 100)
  writeDigits(bytes, at + 8, high)
  const low = seconds - high * 100
  bytes[at + 8] = 48 + Math.floor(low / 10)
  bytes[at + 9] = 48 + (low % 10)
}

/** Microseconds since 1970. */
export function readStamp(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at) * HALF + readDigits(bytes, at + 8)
}

function writeDigits(bytes: Uint8Array, end: number, value: number): void {
  let rest = value
  for (let at = end - 1; at >= end - 8; at--) {
    bytes[at] = 48 + (rest % 10)
    rest = (rest / 10) | 0
  }
}

function readDigits(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = at; i < at + 8; i++) value = value * 10 + (bytes[i] as number) - 48
  return value
}

/**
 * Keeps the event loop running without sleeping, and calls `work` on every turn, so that no event
 * waits until this process wakes up. Only for a process with a core of its own. Returns a function
 * that stops it.
 */
export function spin(work: () => void): () => void {
  let turning = true
  const turn = () => {
    if (!turning) return
    work()
    setImmediate(turn)
  }
  turn()
  return () => {
    turning = false
  }
}
