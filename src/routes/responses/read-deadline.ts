/** Reading stored responses takes a bounded time, whatever the store is. */
import type { ResponseStore } from '../../state/response-store.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/** Milliseconds for which a request waits for what it refers to. */
const READ_DEADLINE = 10_000

/**
 * The same store, of which `get`, `item` and `delete` reject with an `ApiError` (503) where it fails, or does not
 * answer in time. `put` and `update` have their own rules where responses are recorded.
 */
export function withReadDeadline(store: ResponseStore, deadlineMs = READ_DEADLINE): ResponseStore {
  async function bounded<T>(read: () => Promise<T>): Promise<T> {
    const reading = (async () => ({ value: await read() }))()
    const result = await withTimeout(deadlineMs, reading).catch((error: unknown) => {
      throw error instanceof ApiError ? error : unavailable('an error; the log says which', error)
    })
    if (result !== undefined) return result.value
    throw unavailable(`none within ${deadlineMs} ms`, undefined)
  }
  return {
    get size() {
      return store.size
    },
    put: (owner, stored) => store.put(owner, stored),
    update: (owner, stored) => store.update(owner, stored),
    get: (owner, id) => bounded(() => store.get(owner, id)),
    delete: (owner, id) => bounded(() => store.delete(owner, id)),
    item: (owner, id) => bounded(() => store.item(owner, id)),
  }
}

function unavailable(got: string, cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : `got ${got}`
  const message = `state.responses: expected an answer of the store of responses, got ${got}. Try again, or send the whole conversation as input.`
  return new ApiError(503, message, {
    code: 'state_unavailable',
    headers: { 'retry-after': '5' },
    cause: new Error(`state.responses: ${why}`, { cause }),
  })
}
