import { concat } from '../../util/bytes.ts'
import { decodeText } from '../../wire/sse/sse.ts'

type Bytes = Uint8Array<ArrayBuffer>

const LF = 10

/**
 * Splits what is written to a client into its events: frames of an event stream, or lines of JSON. Whoever
 * writes may write several at once, or one in pieces that end anywhere.
 */
export class EventSplitter {
  /** Line ends that end an event. */
  readonly #ends: number
  #rest: Bytes | undefined

  constructor(contentType: string) {
    this.#ends = contentType.startsWith('text/event-stream') ? 2 : 1
  }

  /** The events that are complete with these bytes, if any. Throws a `TypeError` if one is not UTF-8. */
  split(bytes: Bytes): SplitEvents | undefined {
    const all = this.#rest === undefined ? bytes : concat([this.#rest, bytes])
    const end = pastLastEvent(all, this.#ends)
    const isWhole = end === all.length
    // A copy: whoever wrote the bytes may use their memory again.
    this.#rest = isWhole ? undefined : all.slice(end)
    if (end === 0) return undefined
    const whole = isWhole ? all : all.subarray(0, end)
    return { events: splitText(decodeText(whole), this.#ends), bytes: whole }
  }
}

/** Some events. */
export interface SplitEvents {
  events: string[]
  /** All of them, as they are written. */
  bytes: Bytes
}

/** Where the last complete event ends; 0 if there is none. */
function pastLastEvent(bytes: Bytes, ends: number): number {
  for (let at = bytes.length; at >= ends; at--) {
    if (bytes[at - 1] === LF && (ends === 1 || bytes[at - 2] === LF)) return at
  }
  return 0
}

function splitText(text: string, ends: number): string[] {
  const separator = '\n'.repeat(ends)
  const events: string[] = []
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf(separator, at)
    const next = found === -1 ? text.length : found + ends
    events.push(text.slice(at, next))
    at = next
  }
  return events
}
