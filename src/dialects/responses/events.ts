import type { ResponseEvent } from '../../wire/responses/request.ts'
import { heartbeatAfter, trackIncompleteItems } from './heartbeat.ts'

/** Writes the events of one response, each with its type and its sequence number. */
export class EventWriter {
  /** Whether events are discarded, because the answer is not streamed. */
  isMuted = false
  #text = ''
  #count = 0
  /** The last event; of a delta only its prefix, because a delta is written as a string. */
  #last: ResponseEvent | string = NO_EVENT
  readonly #incompleteItems = new Set<unknown>()

  write(type: string, fields: object): void {
    if (this.isMuted) return
    const event = { type, sequence_number: this.number(), ...fields }
    this.note(event)
    this.#add(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`)
  }

  /** Writes a delta; `head` is its prefix. Written as a string, because a stream has thousands of them. */
  writeDelta(head: string, delta: string, logprobs?: object[]): void {
    if (this.isMuted) return
    const likely = logprobs ? `,"logprobs":${JSON.stringify(logprobs)}` : ''
    const text = JSON.stringify(delta)
    this.#last = head
    this.#add(`${head}${text}${likely},"sequence_number":${this.number()}}\n\n`)
  }

  /** The sequence number of an event that the caller writes. */
  number(): number {
    return this.#count++
  }

  /** Records an event that the caller writes as the last one. */
  note(event: ResponseEvent): void {
    this.#last = event
    trackIncompleteItems(this.#incompleteItems, event)
  }

  /** Writes a heartbeat; `state` writes the state of the response, if clients can't misread that. */
  writeHeartbeat(state: () => void): void {
    const last = typeof this.#last === 'string' ? eventFromPrefix(this.#last) : this.#last
    const quiet = heartbeatAfter(last)
    if (quiet === undefined) return
    if (quiet !== 'state') this.write(quiet.type, quiet)
    else if (this.#incompleteItems.size === 0) state()
  }

  /** Returns what was written since the last call. */
  take(): string {
    const text = this.#text
    this.#text = ''
    return text
  }

  #add(frame: string): void {
    this.#text += frame
  }
}

const NO_EVENT: ResponseEvent = { type: '' }

/** The delta event, without its text, of a prefix that `deltaPrefix` made. */
function eventFromPrefix(head: string): ResponseEvent {
  return JSON.parse(`${head.slice(head.indexOf('{'))}""}`)
}

/** The frame of a delta up to its text: the same for all deltas of a part. */
export function deltaPrefix(type: string, place: object): string {
  const fields = JSON.stringify({ type, ...place })
  return `event: ${type}\ndata: ${fields.slice(0, -1)},"delta":`
}
