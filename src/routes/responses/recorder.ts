/** Stores one response: first when its id is known to be sent, then when it has ended. */
import type { ResponseStore, StoredResponse } from '../../state/response-store.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { ResponseItem, ResponseObject } from '../../wire/responses/request.ts'
import type { Trace } from '../trace.ts'

/** Milliseconds for which a response waits for the store before it is refused. */
const PUT_TIMEOUT = 10_000

export interface ResponseRecorder {
  /**
   * Stores the response as it is now, once: by default the one of the last change. Awaited before its
   * id is sent. Rejects with an `ApiError` (503) where the store fails.
   */
  begin(response?: ResponseObject): Promise<void>
  /** The response has changed. Stores its end if it was begun. */
  change(response: ResponseObject): void
}

/** Stores nothing: for `store: false`. */
export const noRecorder: ResponseRecorder = { begin: async () => {}, change() {} }

/** `timeout`: milliseconds for which `begin` waits for the store. */
export function recordResponse(
  { afterwards }: Pick<Trace, 'afterwards'>,
  store: ResponseStore,
  owner: string,
  input: ResponseItem[],
  timeout = PUT_TIMEOUT,
): ResponseRecorder {
  /** Settles when the store has taken all calls so far: they never overlap. */
  let calls: Promise<void> | undefined
  let latest: ResponseObject | undefined
  let isRejected = false

  async function put(stored: StoredResponse): Promise<true> {
    await store.put(owner, stored)
    return true
  }

  async function update(stored: StoredResponse, earlier: Promise<void>): Promise<void> {
    await earlier
    // There is nothing to replace.
    if (isRejected) return
    try {
      await store.update(owner, stored)
    } catch (cause) {
      const message = `state.responses: update failed, so ${stored.response.id} is stored as it was before`
      throw new Error(message, { cause })
    }
  }

  return {
    async begin(response = latest) {
      if (calls !== undefined || response === undefined) return
      const putting = put({ response, input })
      calls = putting.then(
        () => {},
        () => {
          isRejected = true
        },
      )
      const isStored = await withTimeout(timeout, putting).catch((cause: unknown) => {
        throw notStored(cause)
      })
      if (!isStored) throw notStored(`put did not resolve within ${timeout} ms`)
    },
    change(response) {
      latest = response
      const isRunning = response.status === 'in_progress' || response.status === 'queued'
      // Before `begin` nothing is stored; `begin` stores the response as it is by then.
      if (isRunning || calls === undefined) return
      const updating = update({ response, input }, calls)
      calls = updating.catch(() => {})
      afterwards(() => updating)
    },
  }
}

function notStored(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const message =
    'store: sluice could not store this response, so it was not sent; its log says why. Try again, or send store: false.'
  return new ApiError(503, message, {
    code: 'response_not_stored',
    headers: { 'retry-after': '5' },
    // The engine did answer.
    evidence: 'answered',
    cause: new Error(`state.responses: ${why}`, { cause }),
  })
}
