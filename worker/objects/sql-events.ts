/** The events of a run, in rows. */
import { utf8Length } from '../../src/util/utf8-length.ts'
import type { ObjectStorage } from './platform.ts'
import { numberOf, partsOf, type Tables } from './tables.ts'

/** The events of one append, joined; `lengths` cuts them apart. Only the first part has `lengths`. */
export const EVENTS_TABLE = `CREATE TABLE events (
    first INTEGER, part INTEGER, count INTEGER, bytes INTEGER, lengths TEXT, text TEXT,
    PRIMARY KEY (first, part)
  ) WITHOUT ROWID`

/** Characters of events that are read at once, unless a single append has more. */
const READ_LENGTH = 65_536

export class SqlEvents {
  /** The number of the first event that is stored, and that of the next. */
  first = 0
  next = 0
  #bytes = 0
  readonly #tables: Tables
  readonly #storage: ObjectStorage

  constructor(tables: Tables, storage: ObjectStorage) {
    this.#tables = tables
    this.#storage = storage
    const [range] = tables.read(
      'SELECT min(first) AS first, max(first + count) AS next, sum(bytes) AS bytes FROM events WHERE part = 0',
    )
    this.first = numberOf(range?.first)
    this.next = numberOf(range?.next)
    this.#bytes = numberOf(range?.bytes)
  }

  /** Adds events, and discards the oldest where there are more than `most` bytes. */
  add(frames: readonly string[], most: number): void {
    const text = frames.join('')
    const bytes = utf8Length(text)
    const lengths = JSON.stringify(frames.map(({ length }) => length))
    this.#storage.transactionSync(() => {
      for (const [part, piece] of partsOf(text).entries()) {
        const own = part === 0 ? [frames.length, bytes, lengths] : [0, 0, null]
        this.#tables.write(
          'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)',
          ...[this.next, part, ...own, piece],
        )
      }
    })
    this.next += frames.length
    this.#bytes += bytes
    if (this.#bytes > most) this.#discardOldest(most)
  }

  /** What was before `first` exists nowhere any more. */
  beginAt(first: number): void {
    this.#tables.write('DELETE FROM events')
    this.first = first
    this.next = first
    this.#bytes = 0
  }

  /** Discards whole appends, and never the last one. */
  #discardOldest(most: number): void {
    const appends = this.#tables.read(
      'SELECT first, count, bytes FROM events WHERE part = 0 AND first + count < ? ORDER BY first',
      this.next,
    )
    for (const { first, count, bytes } of appends) {
      if (this.#bytes <= most) break
      this.#tables.write('DELETE FROM events WHERE first = ?', numberOf(first))
      this.#bytes -= numberOf(bytes)
      this.first = numberOf(first) + numberOf(count)
    }
  }

  /** Events from a number on: some, not necessarily all. */
  from(from: number): string[] {
    if (from < this.first || from >= this.next) return []
    const frames: string[] = []
    const [begin] = this.#tables.read(
      'SELECT max(first) AS first FROM events WHERE part = 0 AND first <= ?',
      from,
    )
    let at = numberOf(begin?.first)
    for (let length = 0; length < READ_LENGTH; ) {
      const parts = this.#tables.read('SELECT * FROM events WHERE first = ? ORDER BY part', at)
      if (parts.length === 0) break
      const text = parts.map((part) => part.text).join('')
      const lengths = JSON.parse(String(parts[0]?.lengths)) as number[]
      frames.push(...cut(text, lengths).slice(Math.max(0, from - at)))
      length += text.length
      at += lengths.length
    }
    return frames
  }
}

function cut(text: string, lengths: readonly number[]): string[] {
  let at = 0
  return lengths.map((length) => {
    at += length
    return text.slice(at - length, at)
  })
}
