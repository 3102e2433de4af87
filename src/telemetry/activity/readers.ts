/** The most streams of one caller at a time. */
export const MAX_READERS = 16

/** Milliseconds after which a reader that did not show itself is gone: workerd may end it without a word. */
const SILENCE = 15_000

/** One open stream of the feed, or of one request. */
export interface OpenReader {
  /** When it last showed itself, by `performance.now()`. */
  seenAt: number
}

/** The open streams of each caller. */
export class Readers {
  readonly #byCaller = new Map<string, Set<OpenReader>>()

  /** Another one; undefined where the caller has the most. */
  add(caller: string, now: number): OpenReader | undefined {
    const own = this.#byCaller.get(caller) ?? new Set<OpenReader>()
    for (const reader of own) if (now - reader.seenAt > SILENCE) own.delete(reader)
    if (own.size >= MAX_READERS) return undefined
    const reader = { seenAt: now }
    own.add(reader)
    this.#byCaller.set(caller, own)
    return reader
  }

  remove(caller: string, reader: OpenReader): void {
    const own = this.#byCaller.get(caller)
    own?.delete(reader)
    if (own?.size === 0) this.#byCaller.delete(caller)
  }
}
