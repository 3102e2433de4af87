/**
 * Time by a clock that all processes of this machine share, and its form inside a token: `~` and
 * sixteen digits, always as wide, so that a frame with a stamp differs from the one before it in
 * the text of its delta alone.
 */

/** The byte before the digits; it stands nowhere else in a frame. */
export const STAMP_MARK = 126
export const STAMP_DIGITS = 16
/** A stamp that was not filled in. */
export const EMPTY_STAMP = `~${'0'.repeat(STAMP_DIGITS)}`

const HALF = 100_000_000

/** Microseconds since 1970. */
export function now(): number {
  return (performance.timeOrigin + performance.now()) * 1000
}

/** Writes the digits of `microseconds` at `at`, which lies behind the mark. */
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
 * Turns the event loop without sleeping and does `work` at every turn, so that nothing waits for
 * this process to wake. Only for a process that has a core of its own. Returns what ends it.
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
