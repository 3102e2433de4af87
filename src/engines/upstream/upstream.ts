/** Any server that speaks the OpenAI API, as an engine. */
import type { Fetch, Fetched, FetchInit } from '../../platform/fetch.ts'
import type { AnswerStream, AnyContract, ChatStream } from '../../stream/chat-stream.ts'
import { answersTo, type TextStream } from '../../stream/text-stream.ts'
import { isObject } from '../../util/object.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { type SystemMessages, withSystemMessages } from '../../wire/chat/system-messages.ts'
import type { TextRequest } from '../../wire/completions/request.ts'
import { ChatContract, type ContractOptions } from '../../wire/contract/chat.ts'
import { checkCompletion } from '../../wire/contract/chat-answer.ts'
import { checkTextCompletion, TextContract } from '../../wire/contract/completions.ts'
import { checkEmbeddings } from '../../wire/contract/embeddings-answer.ts'
import type { FinishReasonSetting } from '../../wire/contract/finish-reason.ts'
import { type ReasoningName, type ThinkTags, thinkSeparator } from '../../wire/contract/think.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { HOP_HEADER, writeHops } from '../../wire/headers/hops.ts'
import { safeHeaders } from '../../wire/headers/safe-headers.ts'
import type { NativeApi, NativeCall, TokenCountCall } from '../../wire/native.ts'
import type { CallOptions, ChatOptions, Engine, Model } from '../engine.ts'
import { type Protocol, readAnswer } from './answer.ts'
import { essence, readJson, refusal, requireJson } from './body.ts'
import { countByUpstream, MissingPaths, type Post } from './count-tokens.ts'
import { answerKind, type FinishHistories, finishHistoryOf } from './finish-history.ts'
import { ModelNames } from './model-names.ts'
import { readNative } from './native.ts'
import { controlUnder, reading } from './reading.ts'
import { type Generation, Refused } from './tries.ts'
import { unanswered } from './unanswered.ts'

export interface UpstreamOptions {
  /** The API's root, without a slash at its end: `http://127.0.0.1:11434/v1`. */
  url: string
  label: string
  key?: string | undefined
  /** What a `[DONE]` without a finish reason is; by default its answers tell. */
  finishReason?: FinishReasonSetting
  /** What was learned of upstreams before, by URL. */
  finishes?: FinishHistories
  /** The one name reasoning is given; `keep` leaves it as it comes. */
  reasoning?: 'keep' | ReasoningName
  /** What is done with the thinking in its answers' text; it stays by default. */
  thinkTags?: ThinkTags
  /** What is done with system messages on their way to it; they become one by default. */
  systemMessages?: SystemMessages
  /** How many requests it is given at once; any number by default. */
  streams?: number | undefined
  /** The names it may be asked for; `*` stands for anything. All by default. */
  models?: readonly string[] | undefined
  /** What it calls the models that clients know by other names. */
  rewrite?: Readonly<Record<string, string>> | undefined
  /** The APIs beside chat that it speaks itself; none by default. */
  speaks?: readonly NativeApi[] | undefined
  /** Whether it was found on this machine rather than named by anybody. */
  isDiscovered?: boolean
  /** The global `fetch`, or a host's own. */
  fetch: Fetch
}

/** What a request to the upstream carries beside its body. */
interface Call extends CallOptions {
  signal: AbortSignal
  headers?: Record<string, string> | undefined
}

/** Characters of the shortest key that is taken for a secret. */
const MIN_SECRET = 8

export class Upstream implements Engine {
  readonly label: string
  readonly streams: number | undefined
  readonly speaks: readonly NativeApi[] | undefined
  readonly isServer = true
  readonly isDiscovered: boolean | undefined
  readonly #names: ModelNames
  readonly #options: UpstreamOptions
  /** What the upstream's own words must not show a client. */
  readonly #secrets: string[]
  /** The headers of every request. */
  readonly #headers: Readonly<Record<string, string>>
  /** What the server refuses at a path, so that it is not asked for there again. */
  readonly #refused = new Map<string, Refused>()
  readonly #finishes: FinishHistories
  #refusesBase64 = false
  readonly #missing = new MissingPaths()

  constructor(options: UpstreamOptions) {
    this.label = options.label
    this.streams = options.streams
    this.speaks = options.speaks
    this.isDiscovered = options.isDiscovered
    this.#names = new ModelNames(options)
    this.#options = options
    this.#finishes = options.finishes ?? new Map()
    const key = options.key ?? ''
    // Servers that want no key are given "none" or "ollama": words that their messages need.
    const isSecret = key.length >= MIN_SECRET
    this.#headers = {
      accept: 'application/json, text/event-stream',
      ...(key !== '' && { authorization: `Bearer ${key}` }),
    }
    this.#secrets = [...(isSecret ? [key] : []), new URL(options.url).host]
  }

  takes(model: string): boolean {
    return this.#names.takes(model)
  }

  async models(signal: AbortSignal, { hops }: CallOptions = {}): Promise<Model[]> {
    const body = await this.#readModels(signal, hops)
    if (isObject(body) && Array.isArray(body.data))
      return this.#names.listed(body.data.filter(isModel))
    const message = `${this.label} answered /models with something else than a list of models.`
    throw new ApiError(502, message, { code: 'upstream_invalid' })
  }

  async #readModels(signal: AbortSignal, hops: CallOptions['hops']): Promise<unknown> {
    try {
      const sending = this.#send('/models', { signal }, hops)
      const response = await this.#accepted(await sending, '/models')
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
    { asChunks = false, optionalFields = [], hops }: ChatOptions = {},
  ): Promise<ChatStream> {
    const { thinkTags = 'keep', systemMessages } = this.#options
    const reasoning = this.#options.reasoning === 'keep' ? undefined : this.#options.reasoning
    const choices = asked.n ?? 1
    const think = thinkSeparator(thinkTags, reasoning, asked)
    return this.#generate(withSystemMessages(systemMessages, asked), signal, {
      path: '/chat/completions',
      contract: (options) => new ChatContract({ ...options, choices, reasoning, think }),
      judge: checkCompletion,
      ...{ asChunks, optionalFields, hops },
    })
  }

  complete(
    asked: TextRequest,
    signal: AbortSignal,
    { hops }: CallOptions = {},
  ): Promise<TextStream> {
    const answers = answersTo(asked)
    return this.#generate(asked, signal, {
      path: '/completions',
      contract: (options) => new TextContract({ ...options, ...answers }),
      judge: checkTextCompletion,
      asChunks: false,
      hops,
    })
  }

  async forward(asked: NativeCall, signal: AbortSignal, options: CallOptions = {}) {
    const call = { ...asked, body: this.#names.renamed(asked.body) }
    const control = controlUnder(signal)
    const { headers } = asked
    const asking = this.#post(call.path, call.body, { ...options, headers, signal: control.signal })
    const response = await this.#accepted(await asking, call.path)
    return reading(
      response,
      control,
      readNative(response, call, this.#held(call.path, call.body), control),
    )
  }

  async countTokens(
    prompt: TokenCountCall,
    model: string | undefined,
    signal: AbortSignal,
    { hops }: CallOptions = {},
  ): Promise<number | undefined> {
    const own = this.#names.renamed({ model }).model
    const post: Post = (path, body, headers) => this.#post(path, body, { signal, hops, headers })
    const chat = () => withSystemMessages(this.#options.systemMessages, prompt.chat())
    const counted = { ...prompt, chat, speaks: this.speaks }
    const accepted = (response: Fetched) => this.#accepted(response)
    return countByUpstream(counted, own, post, this.label, accepted, this.#missing)
  }

  async #generate<C extends AnyContract>(
    asked: Generation,
    signal: AbortSignal,
    protocol: Protocol<C>,
  ): Promise<AnswerStream<C>> {
    const request = this.#names.renamed(asked)
    const control = controlUnder(signal)
    const response = await this.#ask(request, control.signal, protocol)
    const usageRequested = request.stream === true && !this.#refusedAt(protocol.path).usage
    const options = { ...this.#held(protocol.path, request), usageRequested }
    return reading(response, control, readAnswer(response, request, control, protocol, options))
  }

  async embed(asked: EmbeddingRequest, signal: AbortSignal, { hops }: CallOptions = {}) {
    const errors = new EngineErrors({ label: this.label, secrets: this.#secrets })
    const response = await this.#askVectors(this.#names.renamed(asked), { signal, hops })
    requireJson(essence(response), 'JSON', errors)
    const { json, value } = await readJson(response, this.label)
    const { repaired, usage } = checkEmbeddings(value, asked, errors)
    const text = repaired.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole' as const, json: text, repaired, ...(usage && { usage }) }
  }

  /**
   * Asks for usage too, unless the client does. A server that refuses the request is asked again
   * without what is only wished for, and then without usage.
   */
  async #ask(
    request: Generation,
    signal: AbortSignal,
    {
      path,
      optionalFields = [],
      hops,
    }: Pick<Protocol<AnyContract>, 'path' | 'optionalFields' | 'hops'>,
  ): Promise<Fetched> {
    const { forms, accept } = this.#refusedAt(path).triesOf(request, optionalFields)
    for (const [place, form] of forms.entries()) {
      const response = await this.#post(path, form, { signal, hops })
      const isRefused = response.status === 400 || response.status === 422
      if (isRefused && place < forms.length - 1) {
        await response.body?.cancel().catch(() => {})
        continue
      }
      const accepted = await this.#accepted(response, path)
      accept(place)
      return accepted
    }
    throw new TypeError('a request has at least one form')
  }

  #refusedAt(path: string): Refused {
    let refused = this.#refused.get(path)
    if (refused === undefined) {
      refused = new Refused()
      this.#refused.set(path, refused)
    }
    return refused
  }

  /** What an answer of it is held to. */
  #held(path: string, { model, stream }: Pick<Generation, 'model' | 'stream'>): ContractOptions {
    const history = finishHistoryOf(this.#finishes, this.#options.url)
    const kind = answerKind(path, stream === true)
    const finishReason = history.ruleFor(model ?? '', this.#options.finishReason, kind)
    return { label: this.label, secrets: this.#secrets, finishReason }
  }

  /** Asks for base64 where the client did; a server that refuses that is asked for numbers. */
  async #askVectors(request: EmbeddingRequest, call: Call): Promise<Fetched> {
    const path = '/embeddings'
    if (request.encoding_format !== 'base64') return this.#askOnce(path, request, call)
    if (!this.#refusesBase64) {
      const response = await this.#post(path, request, call)
      if (response.status !== 400 && response.status !== 422) return this.#accepted(response, path)
      await response.body?.cancel().catch(() => {})
    }
    const response = await this.#askOnce(path, { ...request, encoding_format: 'float' }, call)
    this.#refusesBase64 = true
    return response
  }

  async #askOnce(path: string, request: object, call: Call): Promise<Fetched> {
    return this.#accepted(await this.#post(path, request, call), path)
  }

  async #accepted(response: Fetched, path = ''): Promise<Fetched> {
    if (!response.ok) throw await refusal(response, this.label, this.#secrets, path)
    return response
  }

  #post(path: string, request: object, { signal, hops, headers = {} }: Call): Promise<Fetched> {
    const own = { ...safeHeaders(headers), 'content-type': 'application/json' }
    const body = JSON.stringify(request)
    return this.#send(path, { method: 'POST', headers: own, body, signal }, hops)
  }

  async #send(path: string, init: FetchInit, hops: CallOptions['hops']): Promise<Fetched> {
    const { url, fetch } = this.#options
    const passed = hops && { [HOP_HEADER]: writeHops(hops) }
    const headers = { ...init.headers, ...this.#headers, ...passed }
    try {
      // A redirect would carry the key and the conversation to an address nobody named.
      return await fetch(urlOf(url, path), { ...init, headers, redirect: 'manual' })
    } catch (cause) {
      if (init.signal?.aborted) throw init.signal.reason
      throw unanswered(this.label, cause)
    }
  }
}

/** `..` leaves the API's root, `/v1`, for what a server has beside it. */
function urlOf(root: string, path: string): string {
  return path.startsWith('../') ? root.replace(/\/v1$/, '') + path.slice(2) : root + path
}

function isModel(value: unknown): value is Model {
  return isObject(value) && typeof value.id === 'string'
}
