import type { ObjectState, SqlCursor, SqlStorage, SqlValue } from './platform.ts'

/**
 * The tables of one object. They are made by the first write: an object that somebody only asked for, by an
 * id that nobody has, stores nothing.
 */
export class Tables {
  readonly #sql: SqlStorage
  readonly #schema: readonly string[]
  #isMade: boolean | undefined
  /** Rows written by this instance of the object. */
  rowsWritten = 0

  /** `schema`: the statements that make the tables, the first of which makes `name`. */
  constructor({ storage }: ObjectState, name: string, schema: readonly string[]) {
    this.#sql = storage.sql
    this.#schema = schema
    const known = this.#sql.exec(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
      name,
    )
    this.#isMade = known.toArray().length > 0
  }

  read(query: string, ...bindings: SqlValue[]): Record<string, SqlValue>[] {
    return this.#isMade ? this.#sql.exec(query, ...bindings).toArray() : []
  }

  write(query: string, ...bindings: SqlValue[]): SqlCursor {
    if (!this.#isMade) for (const statement of this.#schema) this.#run(statement)
    this.#isMade = true
    return this.#run(query, ...bindings)
  }

  #run(query: string, ...bindings: SqlValue[]): SqlCursor {
    const cursor = this.#sql.exec(query, ...bindings)
    this.rowsWritten += cursor.rowsWritten
    return cursor
  }

  /** They were deleted with all that the object stored. */
  forget(): void {
    this.#isMade = false
  }
}

/** SQLite stores at most 2 MB in a row on Cloudflare: so many characters of at most three bytes fit. */
const PART_LENGTH = 600_000

/** A long text in parts, none of which is empty but the only one. */
export function partsOf(text: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PART_LENGTH)
    // A character of two units is not cut in half: each half alone would become another one in UTF-8.
    const last = text.charCodeAt(end - 1)
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end--
    parts.push(text.slice(at, end))
    at = end
  }
  return parts.length > 0 ? parts : ['']
}

/** 0 for what SQLite has no number of, such as the sum of no rows. */
export function numberOf(value: SqlValue | undefined): number {
  return Number(value ?? 0)
}
