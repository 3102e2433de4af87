import { withPieces } from '../../platform/body-pieces.ts'
import type { Fetch, Fetched, FetchInit } from '../../platform/fetch.ts'
import type { ResolvedUpstream } from '../../settings/upstreams.ts'
import { engineStopped } from '../../stream/engine-stop.ts'
import type { EngineRequest, Tapped } from '../../stream/observer.ts'
import { delay } from '../../util/delay.ts'
import { safeHeaders } from '../../util/safe/headers.ts'
import { inSlices, takeTurns } from '../../util/slices.ts'
import { HOP_HEADER, writeHops } from '../../wire/headers/hops.ts'
import { onlyHeaders } from '../../wire/headers/trace-context.ts'
import { serialize, type WriteInSteps } from '../../wire/json/sourced.ts'
import type { CallOptions } from '../engine.ts'
import { readJson } from './json-body.ts'
import { isLoadFailure } from './model-loading.ts'
import { refusal } from './refusal.ts'
import { tappedAnswer } from './tapped-answer.ts'
import { unreachable } from './unreachable.ts'

export interface UpstreamClientOptions extends Pick<ResolvedUpstream, 'url' | 'label' | 'key'> {
  /** The global `fetch`, or the host's own. */
  fetch: Fetch
}

/** What a request to an upstream carries besides its body. */
export interface UpstreamCall extends CallOptions {
  signal: AbortSignal
  headers?: Record<string, string> | undefined
}

/**
 * Keys shorter than this are not treated as secrets. Servers that require no key are configured
 * with a placeholder such as `none` or `ollama`; redacting such a word would garble their error
 * messages.
 */
const MIN_SECRET_LENGTH = 8

/** Milliseconds that a request is written for in one turn of the event loop. */
const SLICE_MS = 2

/** For a request that does not say what it accepts. */
const ACCEPT = 'application/json, text/event-stream'

/** Sends HTTP requests to one upstream, with its key and the hop list. */
export class UpstreamClient {
  readonly label: string
  /** Text that is removed from the upstream's own error messages before a client sees them. */
  readonly secrets: readonly string[]
  readonly #url: string
  readonly #fetch: Fetch
  /** Sent with every request. */
  readonly #headers: Readonly<Record<string, string>>

  constructor({ url, label, key = '', fetch }: UpstreamClientOptions) {
    this.label = label
    this.#url = url
    this.#fetch = fetch
    this.#headers = key === '' ? {} : { authorization: `Bearer ${key}` }
    this.secrets = [...(key.length >= MIN_SECRET_LENGTH ? [key] : []), new URL(url).host]
  }

  /** Rejects with an `ApiError` where the upstream refuses or cannot be reached. */
  async get(path: string, { signal, ...call }: UpstreamCall): Promise<Fetched> {
    return this.accepted(await this.#send(path, { signal }, call), path)
  }

  /** The JSON at a path. Rejects with an `ApiError`. */
  async getJson(path: string, call: UpstreamCall): Promise<unknown> {
    return (await readJson(await this.get(path, call), this.label)).value
  }

  /** Posts JSON. Resolves with a refusal as well, so that the caller may send a reduced request. */
  post(path: string, request: object, call: UpstreamCall) {
    const { signal, headers } = call
    const own = safeHeaders(headers)
    own['content-type'] = 'application/json'
    const init = { method: 'POST', headers: own, signal } as const
    if (!call.inSteps) return this.#send(path, { ...init, body: serialize(request) }, call)
    const pieces = written(request, call.inSteps, signal)
    return pieces.then((body) => this.#send(path, init, call, body))
  }

  /** Sends a request with any body. Resolves with a refusal as well. */
  send(
    path: string,
    { method, body }: Pick<FetchInit, 'method' | 'body'>,
    { signal, headers, ...call }: UpstreamCall,
  ): Promise<Fetched> {
    const init = { ...(method && { method }), ...(body !== undefined && { body }) }
    return this.#send(path, { ...init, headers: safeHeaders(headers), signal }, call)
  }

  /** Posts JSON. Rejects with an `ApiError` where the upstream refuses or cannot be reached. */
  async postAccepted(path: string, request: object, call: UpstreamCall): Promise<Fetched> {
    return this.accepted(await this.post(path, request, call), path)
  }

  /** The JSON of an answer, to POST where there is a body. Rejects with an `ApiError`. */
  async json(path: string, { body, ...call }: { body: object | undefined } & UpstreamCall) {
    if (body === undefined) return this.getJson(path, call)
    return (await readJson(await this.postAccepted(path, body, call), this.label)).value
  }

  /**
   * Whether the server refuses the request, so that it may accept a reduced one. Rejects where it could
   * not load the model: LM Studio says so with 400 too, and would load it again.
   */
  async refuses(response: Fetched, path: string): Promise<boolean> {
    if (response.status !== 400 && response.status !== 422) return false
    const error = await refusal(response, this.label, this.secrets, path)
    if (isLoadFailure(error)) throw error
    return true
  }

  /** The response if its status is a success; rejects with the upstream's own error otherwise. */
  async accepted(response: Fetched, path = ''): Promise<Fetched> {
    if (!response.ok) throw await refusal(response, this.label, this.secrets, path)
    return response
  }

  /** `pieces`: the body, where it is in several. */
  async #send(
    path: string,
    init: FetchInit,
    call: CallOptions,
    pieces?: readonly Uint8Array<ArrayBuffer>[],
  ): Promise<Fetched> {
    const { hops, trace, tapped } = call
    const headers: Record<string, string> = { accept: ACCEPT, ...init.headers, ...this.#headers }
    if (hops) headers[HOP_HEADER] = writeHops(hops)
    if (trace) Object.assign(headers, onlyHeaders(trace))
    // Called as a function of no object: the global `fetch` throws on a foreign `this` on some
    // hosts.
    const fetch = this.#fetch
    try {
      // A followed redirect would send the key and the conversation to an address nobody
      // configured.
      const { method = 'GET', body, signal } = init
      const given = { method, headers, body, signal, redirect: 'manual' } as FetchInit
      const sent = pieces === undefined ? given : withPieces(given, pieces)
      const sending = fetch(urlOf(this.#url, path), sent)
      if (tapped === undefined) return await sending
      if (tapped.taps.length > 0) this.#show(tapped, { method, body: sent.body, path, headers })
      return tappedAnswer(await sending, tapped)
    } catch (cause) {
      if (init.signal?.aborted) {
        engineStopped(init.signal)
        throw init.signal.reason
      }
      throw unreachable(this.label, cause)
    }
  }

  /** Shows a request to those who see the bytes of the exchange that it is for. */
  #show({ taps }: Tapped, request: Omit<EngineRequest, 'secrets'>): void {
    const now = performance.now()
    for (const tap of taps) tap.onEngineRequest?.({ ...request, secrets: this.secrets }, now)
  }
}

/** The JSON of a request of megabytes. Rejects with the signal's reason. */
async function written(
  request: object,
  inSteps: WriteInSteps,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const pause = () => takeTurns(() => delay(0, signal))
  try {
    return await inSlices(inSteps(request), pause, SLICE_MS)
  } catch (error) {
    engineStopped(signal)
    throw error
  }
}

/**
 * A path that begins with `..` is relative to the server's root: it leaves the API's root, `/v1`.
 */
function urlOf(root: string, path: string): string {
  return path.startsWith('../') ? root.replace(/\/v1$/, '') + path.slice(2) : root + path
}
