/** Any server that speaks the OpenAI API, as an engine. */
import type { Fetch, Fetched, FetchInit } from '../host.ts'
import type { AnswerStream, AnyContract, ChatStream, WholeAnswer } from '../stream/chat-stream.ts'
import { answersTo, type TextStream } from '../stream/text-stream.ts'
import type { ChatRequest } from '../wire/chat.ts'
import { judgeCompletion } from '../wire/completion-contract.ts'
import { ChatContract, type ContractOptions } from '../wire/contract.ts'
import type { EmbeddingRequest } from '../wire/embedding.ts'
import { judgeEmbeddings } from '../wire/embedding-answer.ts'
import { EngineErrors } from '../wire/engine-errors.ts'
import { ApiError } from '../wire/errors.ts'
import { HOP_HEADER } from '../wire/hop.ts'
import type { CountedPrompt, NativeApi, NativeCall } from '../wire/native.ts'
import { isObject } from '../wire/object.ts'
import { type SystemMessages, systemAs } from '../wire/system-messages.ts'
import type { TextRequest } from '../wire/text-completion.ts'
import { judgeText, TextContract } from '../wire/text-contract.ts'
import { type ReasoningName, type ThinkTags, thinkSeparator } from '../wire/think.ts'
import type { ChatOptions, Engine, Model } from './engine.ts'
import { ModelNames } from './model-names.ts'
import { type Protocol, readAnswer } from './upstream-answer.ts'
import { essence, forwarded, readJson, refusal, requireJson } from './upstream-body.ts'
import { countByUpstream, MissingPaths, type Post } from './upstream-count.ts'
import { readNative } from './upstream-native.ts'
import { type Generation, Refused } from './upstream-tries.ts'

export interface UpstreamOptions {
  /** The API's root, without a slash at its end: `http://127.0.0.1:11434/v1`. */
  url: string
  label: string
  key?: string | undefined
  /** A `[DONE]` before the finish counts as `stop`. */
  lenient: boolean
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
  /** The global `fetch`, or a host's own. */
  fetch: Fetch
}

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
  /** The headers of every request. */
  readonly #headers: Readonly<Record<string, string>>
  /** What the server refuses at a path, so that it is not asked for there again. */
  readonly #refused = new Map<string, Refused>()
  #refusesBase64 = false
  readonly #missing = new MissingPaths()

  constructor(options: UpstreamOptions) {
    this.label = options.label
    this.streams = options.streams
    this.speaks = options.speaks
    this.#names = new ModelNames(options)
    this.#options = options
    const key = options.key ?? ''
    // Servers that want no key are given "none" or "ollama": words that their messages need.
    const isSecret = key.length >= MIN_SECRET
    this.#headers = {
      accept: 'application/json, text/event-stream',
      [HOP_HEADER]: '1',
      ...(key !== '' && { authorization: `Bearer ${key}` }),
    }
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
    { asChunks = false, wishes = [] }: ChatOptions = {},
  ): Promise<ChatStream> {
    const { thinkTags = 'keep', systemMessages } = this.#options
    const reasoning = this.#options.reasoning === 'keep' ? undefined : this.#options.reasoning
    const choices = asked.n ?? 1
    const think = thinkSeparator(thinkTags, reasoning, asked)
    return this.#generate(systemAs(systemMessages, asked), signal, {
      path: '/chat/completions',
      contract: (options) => new ChatContract({ ...options, choices, reasoning, think }),
      judge: judgeCompletion,
      ...{ asChunks, wishes },
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

  async forward(asked: NativeCall, signal: AbortSignal) {
    const call = { ...asked, body: this.#names.renamed(asked.body) }
    const control = controlUnder(signal)
    const asking = this.#post(call.path, call.body, control.signal, call.headers)
    const response = await this.#accepted(await asking, call.path)
    return reading(response, control, readNative(response, call, this.#held(), control))
  }

  async countTokens(
    prompt: CountedPrompt,
    model: string | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const own = this.#names.renamed({ model }).model
    const post: Post = (path, body, headers) => this.#post(path, body, signal, headers)
    const chat = () => systemAs(this.#options.systemMessages, prompt.chat())
    const counted = { ...prompt, chat }
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
    const options = { ...this.#held(), usageRequested }
    return reading(response, control, readAnswer(response, request, control, protocol, options))
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

  /**
   * Asks for usage too, unless the client does. A server that refuses the request is asked again
   * without what is only wished for, and then without usage.
   */
  async #ask(
    request: Generation,
    signal: AbortSignal,
    { path, wishes = [] }: Pick<Protocol<AnyContract>, 'path' | 'wishes'>,
  ): Promise<Fetched> {
    const { forms, accept } = this.#refusedAt(path).triesOf(request, wishes)
    for (const [place, form] of forms.entries()) {
      const response = await this.#post(path, form, signal)
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

  /** What any answer of it is held to. */
  #held(): ContractOptions {
    return { label: this.label, secrets: this.#secrets, lenient: this.#options.lenient }
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

  async #accepted(response: Fetched, path = ''): Promise<Fetched> {
    if (!response.ok) throw await refusal(response, this.label, this.#secrets, path)
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
      headers: { ...headers, ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    })
  }

  async #send(path: string, init: FetchInit): Promise<Fetched> {
    const { url, fetch } = this.#options
    try {
      // A redirect would carry the key and the conversation to an address nobody named.
      return await fetch(urlOf(url, path), { headers: this.#headers, ...init, redirect: 'manual' })
    } catch (cause) {
      if (init.signal?.aborted) throw init.signal.reason
      const message = `${this.label} can't be reached: is it running, and is its address right?`
      throw new ApiError(502, message, { code: 'upstream_unreachable', cause })
    }
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
