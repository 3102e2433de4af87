/** What workerd lends a Durable Object, as far as sluice uses it. */

/** One value of a row. */
export type SqlValue = string | number | null

export interface SqlCursor {
  toArray(): Record<string, SqlValue>[]
  /** Rows written so far, those of indices included: Cloudflare bills them. */
  readonly rowsWritten: number
}

export interface SqlStorage {
  exec(query: string, ...bindings: SqlValue[]): SqlCursor
}

export interface ObjectStorage {
  readonly sql: SqlStorage
  transactionSync<T>(act: () => T): T
  /** Milliseconds since 1970. */
  setAlarm(at: number): Promise<void>
  /** Deletes the alarm too. */
  deleteAll(): Promise<void>
}

export interface ObjectState {
  readonly id: { readonly name?: string | undefined }
  readonly storage: ObjectStorage
  /** Keeps the object in memory until the promise has settled. */
  waitUntil(promise: Promise<unknown>): void
}

/** An object, wherever it is. */
export interface ObjectStub {
  fetch(request: Request): Promise<Response>
}

/** The binding of a class of objects. */
export interface ObjectNamespace {
  getByName(name: string): ObjectStub
}

export function isNamespace(value: unknown): value is ObjectNamespace {
  return typeof value === 'object' && value !== null && 'getByName' in value
}
