/** Any server that speaks the OpenAI API, as an engine. */
import type { Fetch, Fetched, FetchInit } from '../host.ts'
import type {
  AnswerStream,
  AnyContract,
  ChatStream,
  ChunkOf,
  WholeAnswer,
} from '../stream/chat-stream.ts'
import { readChunks, readFrames } from '../stream/read.ts'
import { answersTo, type TextStream } from '../stream/text-stream.ts'
import type { ChatRequest, StreamOptions, Usage } from '../wire/chat.ts'
import { judgeCompletion } from '../wire/completion-contract.ts'
import { ChatContract, type ContractOptions, type StreamContract } from '../wire/contract.ts'
import type { EmbeddingRequest } from '../wire/embedding.ts'
import { judgeEmbeddings } from '../wire/embedding-answer.ts'
import { EngineErrors } from '../wire/engine-errors.ts'
import { ApiError } from '../wire/errors.ts'
import { HOP_HEADER } from '../wire/hop.ts'
import { isObject } from '../wire/object.ts'
import type { TextRequest } from '../wire/text-completion.ts'
import { judgeText, TextContract } from '../wire/text-contract.ts'
import type { ChatOptions, Engine, Model } from './engine.ts'
import { ModelNames } from './model-names.ts'
import { essence, forwarded, readJson, refusal, requireJson } from './upstream-body.ts'

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
  /** The global `fetch`, or a host's own. */
  fetch: Fetch
}

/** What an upstream is asked to generate, in any API. */
interface Generation {
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
}

/** How it is asked for, and what its answer is held to. */
interface Protocol<C extends AnyContract> {
  path: string
  contract(options: ContractOptions): C
  /** Judges an answer that came whole. Returns what it mended. */
  judge(value: unknown, contract: C): string[]
  asChunks: boolean
}

/** Characters of the shortest key that is taken for a secret. */
const MIN_SECRET = 8

export class Upstream implements Engine {
  readonly label: string
  readonly streams: number | undefined
  readonly isServer = true
  readonly #names: ModelNames
  readonly #options: UpstreamOptions
  /** What the upstream's own words must not show a client. */
  readonly #secrets: string[]
  /** Where the server refuses `stream_options`; it is not asked for usage there again. */
  readonly #refuseUsage = new Set<string>()
  #refusesBase64 = false

  constructor(options: UpstreamOptions) {
    this.label = options.label
    this.streams = options.streams
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
      const response = await this.#accepted(await this.#send('/models', { signal }), '/models')
      return (await readJson(response, this.label)).value
    } catch (cause) {
      if (!signal.aborted) throw cause
      const message = `${this.label} did not list its models in time.`
      throw new ApiError(504, message, { code: 'upstream_timeout', cause })
    }
  }

  chat(
    asked: ChatRequest,
    signal: AbortSignal,
    { asChunks = false }: ChatOptions = {},
  ): Promise<ChatStream> {
    const { reasoning } = this.#options
    const choices = asked.n ?? 1
    return this.#generate(asked, signal, {
      path: '/chat/completions',
      contract: (options) => new ChatContract({ ...options, choices, reasoning }),
      judge: judgeCompletion,
      asChunks,
    })
  }

  complete(asked: TextRequest, signal: AbortSignal): Promise<TextStream> {
    const answers = answersTo(asked)
    return this.#generate(asked, signal, {
      path: '/completions',
      contract: (options) => new TextContract({ ...options, ...answers }),
      judge: judgeText,
      asChunks: false,
    })
  }

  async #generate<C extends AnyContract>(
    asked: Generation,
    signal: AbortSignal,
    protocol: Protocol<C>,
  ): Promise<AnswerStream<C>> {
    // Its own controller: a stream the contract ends is let go though its client has not left.
    const request = this.#names.renamed(asked)
    const control = new AbortController()
    const abort = () => control.abort(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    const response = await this.#ask(protocol.path, request, control.signal)
    try {
      const answer = await this.#read(response, request, control, protocol)
      return { ...answer, headers: forwarded(response) }
    } catch (error) {
      control.abort(error)
      throw error
    }
  }

  async embed(asked: EmbeddingRequest, signal: AbortSignal): Promise<WholeAnswer> {
    const errors = new EngineErrors({ label: this.label, secrets: this.#secrets })
    const response = await this.#askVectors(this.#names.renamed(asked), signal)
    requireJson(essence(response), 'JSON', errors)
    const { json, value } = await readJson(response, this.label)
    const { mended, usage } = judgeEmbeddings(value, asked, errors)
    const text = mended.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole', json: text, mended, ...(usage && { usage }) }
  }

  /** Asks for base64 where the client did; a server that refuses that is asked for numbers. */
  async #askVectors(request: EmbeddingRequest, signal: AbortSignal): Promise<Fetched> {
    const path = '/embeddings'
    if (request.encoding_format !== 'base64') return this.#askOnce(path, request, signal)
    if (!this.#refusesBase64) {
      const response = await this.#post(path, request, signal)
      if (response.status !== 400 && response.status !== 422) return this.#accepted(response, path)
      await response.body?.cancel().catch(() => {})
    }
    const response = await this.#askOnce(path, { ...request, encoding_format: 'float' }, signal)
    this.#refusesBase64 = true
    return response
  }

  async #askOnce(path: string, request: object, signal: AbortSignal): Promise<Fetched> {
    return this.#accepted(await this.#post(path, request, signal), path)
  }

  /** Asks for usage too; a server that refuses that with 400 is asked once more without. */
  async #ask(path: string, request: Generation, signal: AbortSignal): Promise<Fetched> {
    const adds = request.stream === true && !wantsUsage(request) && !this.#refuseUsage.has(path)
    if (adds) {
      const stream_options = { ...request.stream_options, include_usage: true }
      const response = await this.#post(path, { ...request, stream_options }, signal)
      if (response.status !== 400) return this.#accepted(response, path)
      await response.body?.cancel().catch(() => {})
    }
    const response = await this.#askOnce(path, request, signal)
    if (adds) this.#refuseUsage.add(path)
    return response
  }

  async #accepted(response: Fetched, path: string): Promise<Fetched> {
    if (!response.ok) throw await refusal(response, this.label, this.#secrets, path)
    return response
  }

  #post(path: string, request: object, signal: AbortSignal): Promise<Fetched> {
    return this.#send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
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
      return await fetch(url + path, { ...init, headers, redirect: 'manual' })
    } catch (cause) {
      if (init.signal?.aborted) throw init.signal.reason
      const message = `${this.label} can't be reached: is it running, and is its address right?`
      throw new ApiError(502, message, { code: 'upstream_unreachable', cause })
    }
  }

  async #read<C extends AnyContract>(
    response: Fetched,
    request: Generation,
    control: AbortController,
    protocol: Protocol<C>,
  ): Promise<AnswerStream<C>> {
    const streams = request.stream === true
    const contract = protocol.contract({
      label: this.label,
      secrets: this.#secrets,
      usage: !streams || wantsUsage(request),
      usageRequested: streams && !this.#refuseUsage.has(protocol.path),
      lenient: this.#options.lenient,
    })
    const type = essence(response)
    const { body } = response
    const isStream = type === 'text/event-stream' || (type === '' && streams)
    if (!isStream || body === null) {
      requireJson(type, streams ? 'a stream' : 'JSON', contract.errors)
      return this.#readWhole(response, streams, protocol, contract)
    }
    if (streams && !protocol.asChunks) {
      return { kind: 'frames', contract, ...readFrames(body, contract, control, true) }
    }
    if (!streams) contract.mended.add('stream')
    const items = readChunks(body, contract as StreamContract<ChunkOf<C>>, control)
    return { kind: 'chunks', contract, items }
  }

  async #readWhole<C extends AnyContract>(
    response: Fetched,
    streams: boolean,
    { judge }: Protocol<C>,
    contract: C,
  ): Promise<WholeAnswer> {
    const { json, value } = await readJson(response, this.label)
    const mended = judge(value, contract)
    if (streams) throw contract.errors.invalid('answered with JSON instead of a stream')
    const { model, usage } = value as { model: string; usage?: Usage | null }
    const text = mended.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole', json: text, model, ...(usage && { usage }), mended }
  }
}

function wantsUsage({ stream_options }: Generation): boolean {
  return Boolean(stream_options?.include_usage)
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value.id === 'string'
}
