/** Any server that speaks the OpenAI API, as an engine. */
import type { Fetch, Fetched, FetchInit } from '../host.ts'
import type { ChatStream, NativeStream, WholeAnswer } from '../stream/chat-stream.ts'
import { readChunks, readFrames } from '../stream/read.ts'
import type { ChatCompletion, ChatRequest } from '../wire/chat.ts'
import { judgeCompletion } from '../wire/completion-contract.ts'
import { ChatContract, type ContractOptions } from '../wire/contract.ts'
import type { EmbeddingRequest } from '../wire/embedding.ts'
import { ApiError } from '../wire/errors.ts'
import { HOP_HEADER } from '../wire/hop.ts'
import type { CountedPrompt, NativeApi, NativeCall } from '../wire/native.ts'
import { isObject } from '../wire/object.ts'
import type { ChatOptions, Engine, Model } from './engine.ts'
import { ModelNames } from './model-names.ts'
import { essence, forwarded, isJson, readJson, refusal } from './upstream-body.ts'
import { countByUpstream, type Post } from './upstream-count.ts'
import { readNative } from './upstream-native.ts'
import { Refused, wantsUsage } from './upstream-tries.ts'

export interface UpstreamOptions {
  /** The API's root, without a slash at its end: `http://127.0.0.1:11434/v1`. */
  url: string
  label: string
  key?: string | undefined
  /** A `[DONE]` before the finish counts as `stop`. */
  lenient: boolean
  /** The one name reasoning is given; undefined leaves it as it comes. */
  reasoning?: 'reasoning' | 'reasoning_content' | undefined
  /** How many requests it is given at once; any number by default. */
  streams?: number | undefined
  /** The names it may be asked for; `*` stands for anything. All by default. */
  models?: readonly string[] | undefined
  /** What it calls the models that clients know by other names. */
  rewrite?: Readonly<Record<string, string>> | undefined
  /** The APIs beside chat that it speaks itself; none by default. */
  speaks?: readonly NativeApi[] | undefined
  /** The global `fetch`, or a host's own. */
  fetch: Fetch
}

const CHAT = '/chat/completions'

/** Characters of the shortest key that is taken for a secret. */
const MIN_SECRET = 8

export class Upstream implements Engine {
  readonly label: string
  readonly streams: number | undefined
  readonly speaks: readonly NativeApi[] | undefined
  readonly isServer = true
  readonly #names: ModelNames
  readonly #options: UpstreamOptions
  /** What the upstream's own words must not show a client. */
  readonly #secrets: string[]
  /** Some servers refuse `stream_options`, and more; they are not asked for it again. */
  readonly #refused = new Refused()

  constructor(options: UpstreamOptions) {
    this.label = options.label
    this.streams = options.streams
    this.speaks = options.speaks
    this.#names = new ModelNames(options)
    this.#options = options
    const key = options.key ?? ''
    // Servers that want no key are given "none" or "ollama": words that their messages need.
    const isSecret = key.length >= MIN_SECRET
    this.#secrets = [...(isSecret ? [key] : []), new URL(options.url).host]
  }

  takes(model: string): boolean {
    return this.#names.takes(model)
  }

  async models(signal: AbortSignal): Promise<Model[]> {
    const body = await this.#readModels(signal)
    if (isObject(body) && Array.isArray(body.data))
      return this.#names.listed(body.data.filter(isModel))
    const message = `${this.label} answered /models with something else than a list of models.`
    throw new ApiError(502, message, { code: 'upstream_invalid' })
  }

  async #readModels(signal: AbortSignal): Promise<unknown> {
    try {
      const response = await this.#accepted(await this.#send('/models', { signal }))
      return (await readJson(response, this.label)).value
    } catch (cause) {
      if (!signal.aborted) throw cause
      const message = `${this.label} did not list its models in time.`
      throw new ApiError(504, message, { code: 'upstream_timeout', cause })
    }
  }

  async chat(
    asked: ChatRequest,
    signal: AbortSignal,
    { asChunks = false, wishes = [] }: ChatOptions = {},
  ): Promise<ChatStream> {
    const request = this.#names.renamed(asked)
    const control = controlUnder(signal)
    const response = await this.#ask(request, control.signal, wishes)
    return reading(response, control, this.#read(response, request, control, asChunks))
  }

  async forward(asked: NativeCall, signal: AbortSignal): Promise<NativeStream> {
    const call = { ...asked, body: this.#names.renamed(asked.body) }
    const control = controlUnder(signal)
    const asking = this.#post(call.path, call.body, control.signal, call.headers)
    const response = await this.#accepted(await asking)
    return reading(response, control, readNative(response, call, this.#held(), control))
  }

  async countTokens(
    prompt: CountedPrompt,
    model: string | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const own = this.#names.renamed({ model }).model
    const post: Post = (path, body, headers) => this.#post(path, body, signal, headers)
    return countByUpstream(prompt, own, post, this.label, (response) => this.#accepted(response))
  }

  async embed(request: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer> {
    const renamed = this.#names.renamed(request)
    const response = await this.#accepted(await this.#post('/embeddings', renamed, signal))
    const { json, value } = await readJson(response, this.label)
    if (isObject(value) && Array.isArray(value.data)) return { kind: 'whole', json, mended: [] }
    const message = `${this.label} answered /embeddings with something else than embeddings.`
    throw new ApiError(502, message, { code: 'upstream_invalid' })
  }

  /**
   * Asks for usage too, unless the client does. A server that refuses the request is asked again
   * without what is only wished for, and then without usage.
   */
  async #ask(
    request: ChatRequest,
    signal: AbortSignal,
    wishes: readonly string[],
  ): Promise<Fetched> {
    const { forms, accept } = this.#refused.triesOf(request, wishes)
    for (const [place, form] of forms.entries()) {
      const response = await this.#post(CHAT, form, signal)
      const isRefused = response.status === 400 || response.status === 422
      if (isRefused && place < forms.length - 1) {
        await response.body?.cancel().catch(() => {})
        continue
      }
      const accepted = await this.#accepted(response)
      accept(place)
      return accepted
    }
    throw new TypeError('a request has at least one form')
  }

  /** What any answer of it is held to. */
  #held(): ContractOptions {
    return { label: this.label, secrets: this.#secrets, lenient: this.#options.lenient }
  }

  async #accepted(response: Fetched): Promise<Fetched> {
    if (!response.ok) throw await refusal(response, this.label, this.#secrets)
    return response
  }

  #post(
    path: string,
    request: object,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<Fetched> {
    return this.#send(path, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    })
  }

  async #send(path: string, init: FetchInit): Promise<Fetched> {
    const { url, key, fetch } = this.#options
    const headers: Record<string, string> = {
      accept: 'application/json, text/event-stream',
      [HOP_HEADER]: '1',
      ...init.headers,
      ...(key && { authorization: `Bearer ${key}` }),
    }
    try {
      // A redirect would carry the key and the conversation to an address nobody named.
      return await fetch(urlOf(url, path), { ...init, headers, redirect: 'manual' })
    } catch (cause) {
      if (init.signal?.aborted) throw init.signal.reason
      const message = `${this.label} can't be reached: is it running, and is its address right?`
      throw new ApiError(502, message, { code: 'upstream_unreachable', cause })
    }
  }

  async #read(
    response: Fetched,
    request: ChatRequest,
    control: AbortController,
    asChunks: boolean,
  ): Promise<ChatStream> {
    const streams = request.stream === true
    const contract = new ChatContract({
      ...this.#held(),
      choices: request.n ?? 1,
      usage: !streams || wantsUsage(request),
      usageRequested: streams && !this.#refused.usage,
      reasoning: this.#options.reasoning,
    })
    const type = essence(response)
    const { body } = response
    const isStream = type === 'text/event-stream' || (type === '' && streams)
    if (!isStream || body === null) return this.#readWhole(response, type, streams, contract)
    if (streams && !asChunks)
      return { kind: 'frames', contract, ...readFrames(body, contract, control, true) }
    if (!streams) contract.mended.add('stream')
    return { kind: 'chunks', contract, items: readChunks(body, contract, control) }
  }

  async #readWhole(
    response: Fetched,
    type: string,
    streams: boolean,
    contract: ChatContract,
  ): Promise<ChatStream> {
    const wanted = streams ? 'a stream' : 'JSON'
    if (!isJson(type)) {
      const came = type === '' ? 'an answer of no type' : type
      throw contract.errors.invalid(`answered with ${came} instead of ${wanted}`)
    }
    const { json, value } = await readJson(response, this.label)
    const mended = judgeCompletion(value, contract)
    if (streams) throw contract.errors.invalid(`answered with JSON instead of ${wanted}`)
    const { model, usage } = value as ChatCompletion
    const text = mended.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole', json: text, model, ...(usage && { usage }), mended }
  }
}

/** `..` leaves the API's root, `/v1`, for what a server has beside it. */
function urlOf(root: string, path: string): string {
  return path.startsWith('../') ? root.replace(/\/v1$/, '') + path.slice(2) : root + path
}

/** A controller of its own: a stream the contract ends is let go though its client has not left. */
function controlUnder(signal: AbortSignal): AbortController {
  const control = new AbortController()
  const abort = () => control.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return control
}

async function reading<T extends object>(
  response: Fetched,
  control: AbortController,
  answering: Promise<T>,
): Promise<T & { headers: Record<string, string> }> {
  try {
    return { ...(await answering), headers: forwarded(response) }
  } catch (error) {
    control.abort(error)
    throw error
  }
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value.id === 'string'
}
