/** What a tab was asked, and what it may still answer to it: it may be anybody's. */
import type { ReplyMessage, RequestMessage, WireError } from '../engines/remote/protocol.ts'
import { isCode } from '../util/safe/code.ts'
import { cut } from '../util/safe/cut.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** Chunks by which an engine that makes several at once may exceed what it was allowed. */
const CREDIT_SLACK = 64

/** The most bytes of an answer that its client has not read, and of a whole answer. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024
const MOST_BYTES = 64 * 1024 * 1024

/** The most characters of a text about an answer: its progress, or why it failed. */
const MOST_TEXT = 500

/** Statuses below 500 that say something of the request rather than of the server. */
const OF_REQUEST = new Set([400, 404, 413, 422, 429])

/** A request that the tab answers. */
interface Asked {
  kind: 'chat' | 'complete' | 'embed' | 'other'
  credit: number
  /** Chunks and bytes that were sent and not read yet. */
  unread: number
  unreadBytes: number
  bytes: number
}

/** Why a tab is dismissed: it does what no page of sluice does. */
export class Misconduct extends Error {}

export class AskedOfTab {
  readonly #asked = new Map<number, Asked>()

  /** How many requests it answers now. */
  get size(): number {
    return this.#asked.size
  }

  /** What is sent to the tab. */
  send(message: RequestMessage): void {
    if (message.kind === 'ping') return
    if (message.kind === 'cancel') this.#asked.delete(message.id)
    else if (message.kind === 'credit') this.#read(message.id, message.chunks)
    else {
      const isAnswer =
        message.kind === 'chat' || message.kind === 'complete' || message.kind === 'embed'
      this.#asked.set(message.id, {
        kind: isAnswer ? message.kind : 'other',
        credit: 'credit' in message ? message.credit : 0,
        ...{ unread: 0, unreadBytes: 0, bytes: 0 },
      })
    }
  }

  /**
   * What came from the tab, as it may be passed on; undefined for an answer to nothing, or to what has ended,
   * which is usual after a cancellation. Throws a `Misconduct`. `bytes`: how large it was.
   */
  receive(message: ReplyMessage, bytes: number): ReplyMessage | undefined {
    if (!('id' in message)) return message.kind === 'pong' ? message : undefined
    const asked = this.#asked.get(message.id)
    if (asked === undefined) return undefined
    if (message.kind === 'done' || message.kind === 'error') this.#asked.delete(message.id)
    switch (message.kind) {
      case 'chunks':
        count(asked, message.chunks.length, bytes)
        return message
      case 'embedded':
        if (asked.kind !== 'embed') throw new Misconduct('it answered what it was not asked')
        return message
      case 'progress':
        return { ...message, progress: { ...message.progress, text: line(message.progress.text) } }
      case 'error':
        return { ...message, error: harmless(message.error) }
      default:
        return message
    }
  }

  #read(id: number, chunks: number): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    asked.credit += chunks
    const left = Math.max(0, asked.unread - chunks)
    asked.unreadBytes = asked.unread > 0 ? (asked.unreadBytes * left) / asked.unread : 0
    asked.unread = left
  }
}

function count(asked: Asked, chunks: number, bytes: number): void {
  if (asked.kind !== 'chat' && asked.kind !== 'complete') {
    throw new Misconduct('it answered what it was not asked')
  }
  asked.credit -= chunks
  asked.unread += chunks
  asked.unreadBytes += bytes
  asked.bytes += bytes
  if (asked.credit < -CREDIT_SLACK || asked.unreadBytes > MOST_UNREAD_BYTES) {
    throw new Misconduct('it sent more than its reader had room for')
  }
  if (asked.bytes > MOST_BYTES) {
    throw new Misconduct(`its answer was longer than ${MOST_BYTES / 1024 / 1024} MiB`)
  }
}

/** Its status is one that an answer may have, and its words are no more than words. */
function harmless(error: WireError): WireError {
  const { status, message, code, param, type } = error
  const isPossible = OF_REQUEST.has(status) || (status >= 500 && status < 600)
  return {
    status: isPossible ? status : 502,
    message: line(message),
    type: isCode(type) ? type : 'api_error',
    code: isCode(code) ? code : null,
    param: param === null ? null : line(param),
    headers: {},
  }
}

function line(text: string): string {
  return terminalLine(cut(text, MOST_TEXT))
}
