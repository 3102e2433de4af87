/** The requests that a link makes of its server. */
import { isObject } from '../util/object.ts'
import { withoutTrailing } from '../util/without-trailing.ts'
import type { Batch, Hello } from './protocol.ts'

export interface LinkTarget {
  /** The address of the server, without `/v1`. */
  url: string
  /** Its key; empty where the server has no keys. */
  key: string
  fetch?: typeof fetch
}

/** Milliseconds after which a batch counts as lost. */
const BATCH_TIMEOUT = 10_000

export class LinkRequests {
  readonly #target: LinkTarget
  #batch: AbortController | undefined

  constructor(target: LinkTarget) {
    this.#target = target
  }

  /** Opens the stream of what is asked. */
  join(hello: Hello, signal: AbortSignal): Promise<Response> {
    return this.#post('v1/tabs', hello, { signal })
  }

  /** Sends what the tab says; resolves with undefined where it was abandoned. */
  async tell(tab: string, batch: Batch): Promise<Response | undefined> {
    const control = new AbortController()
    this.#batch = control
    const signal = AbortSignal.any([control.signal, AbortSignal.timeout(BATCH_TIMEOUT)])
    try {
      return await this.#post(`v1/tabs/${tab}`, batch, { signal })
    } catch (error) {
      if (control.signal.aborted) return undefined
      throw error
    }
  }

  /**
   * Gives up the batch that is being sent: over a connection that has fallen silent, it would hold up all others
   * for longer than the server waits.
   */
  abandon(): void {
    this.#batch?.abort()
  }

  /** The same while the page is being closed: `keepalive` lets it arrive. */
  async tellLast(tab: string, batch: Batch): Promise<void> {
    const signal = AbortSignal.timeout(BATCH_TIMEOUT)
    await this.#post(`v1/tabs/${tab}`, batch, { signal, keepalive: true }).catch(() => {})
  }

  #post(path: string, body: object, init: RequestInit): Promise<Response> {
    const { url, key, fetch: send = fetch } = this.#target
    return send(`${withoutTrailing('/', url)}/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      cache: 'no-store',
      ...init,
    })
  }
}

/** What a person reads of a connection that failed. */
export function messageOf(error: unknown): string {
  // What `fetch` throws where there is no connection, or where one has ended.
  if (error instanceof TypeError) return 'The server does not answer.'
  return error instanceof Error ? error.message : String(error)
}

/** Statuses with which a server refuses a tab for good. */
const REFUSED = new Set([400, 401, 403, 404, 405, 501])

export interface JoinRefusal {
  message: string
  /** The server's error code. */
  code?: string
  /** Whether another attempt would be refused too. */
  isFinal: boolean
}

/** What an answer that refuses a request says. */
export async function refusalOf(response: Response): Promise<JoinRefusal> {
  const body: unknown = await response.json().catch(() => undefined)
  const error = isObject(body) && isObject(body.error) ? body.error : {}
  const { message, code } = error
  return {
    message:
      typeof message === 'string' && message !== ''
        ? message
        : `The server answered with status ${response.status}.`,
    ...(typeof code === 'string' && { code }),
    isFinal: REFUSED.has(response.status),
  }
}
