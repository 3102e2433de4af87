import type { ResponseEvent } from '../../wire/responses/request.ts'
import { heartbeatAfter, trackIncompleteItems } from './heartbeat.ts'

/** Writes the events of one response: each has its name twice, and its number. */
export class EventWriter {
  /** Told of each frame as it is written, where somebody keeps them. */
  onFrame: ((frame: string) => void) | undefined
  /** Whether nobody hears it: the answer is told whole. */
  isMuted = false
  #text = ''
  #count = 0
  /** The event that was told last, or what stood before its text where that was a delta. */
  #last: ResponseEvent | string = NO_EVENT
  readonly #incompleteItems = new Set<unknown>()

  write(type: string, fields: object): void {
    if (this.isMuted) return
    const event = { type, sequence_number: this.number(), ...fields }
    this.note(event)
    this.#add(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  /** A delta's event; `head` is what stands before its text. Only these come by the thousand. */
  writeDelta(head: string, delta: string, logprobs?: object[]): void {
    if (this.isMuted) return
    const likely = logprobs ? `,"logprobs":${JSON.stringify(logprobs)}` : ''
    const text = JSON.stringify(delta)
    this.#last = head
    this.#add(`${head}${text}${likely},"sequence_number":${this.number()}}\n\n`)
  }

  /** The number of an event that somebody else writes. */
  number(): number {
    return this.#count++
  }

  /** An event that somebody else writes is the last one now. */
  note(event: ResponseEvent): void {
    this.#last = event
    trackIncompleteItems(this.#incompleteItems, event)
  }

  /** Keeps the line open; `state` tells the state of the response, where that can do no harm. */
  writeHeartbeat(state: () => void): void {
    const last = typeof this.#last === 'string' ? eventFromPrefix(this.#last) : this.#last
    const quiet = heartbeatAfter(last)
    if (quiet === undefined) return
    if (quiet !== 'state') this.write(quiet.type, quiet)
    else if (this.#incompleteItems.size === 0) state()
  }

  /** What was written since it was last taken. */
  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }

  #add(frame: string): void {
    this.onFrame?.(frame)
    this.#text += frame
  }
}

const NO_EVENT: ResponseEvent = { type: '' }

/** The delta, without its text, that begins with what `headOf` made. */
function eventFromPrefix(head: string): ResponseEvent {
  return JSON.parse(`${head.slice(head.indexOf('{'))}""}`)
}

/** What stands before the text of each delta that goes to the same place. */
export function deltaPrefix(type: string, place: object): string {
  const fields = JSON.stringify({ type, ...place })
  return `event: ${type}\ndata: ${fields.slice(0, -1)},"delta":`
}
