import type { Fetched } from '../../platform/fetch.ts'
import type { ResolvedUpstream } from '../../settings/upstreams.ts'
import type { AnswerStream, AnyContract, ChatStream } from '../../stream/chat-stream.ts'
import { answerCounts, type TextStream } from '../../stream/text-stream.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { withSystemMessages } from '../../wire/chat/system-messages.ts'
import type { TextRequest } from '../../wire/completions/request.ts'
import { ChatContract, type ContractOptions } from '../../wire/contract/chat.ts'
import { checkCompletion } from '../../wire/contract/chat-answer.ts'
import { TextContract } from '../../wire/contract/completions.ts'
import { checkTextCompletion } from '../../wire/contract/completions-answer.ts'
import { checkEmbeddings } from '../../wire/contract/embeddings-answer.ts'
import { thinkSeparator } from '../../wire/contract/think.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import type { NativeApi, NativeCall, TokenCountCall } from '../../wire/native.ts'
import { fromOllamaAnswer, toOllamaRequest } from '../../wire/ollama/embed.ts'
import type {
  CallOptions,
  ChatOptions,
  EmbedOptions,
  Engine,
  LoadState,
  Model,
  OllamaQuestion,
} from '../engine.ts'
import { abortOnFailure, linkedController } from './abort.ts'
import { type Protocol, readAnswer } from './answer.ts'
import { type UpstreamCall, UpstreamClient, type UpstreamClientOptions } from './client.ts'
import { ContextSizes } from './context-sizes.ts'
import { countByUpstream, MissingPaths, type Post } from './count-tokens.ts'
import { answerKind, type FinishHistories, finishHistoryOf } from './finish-history.ts'
import { mediaType, readJson, requireJson } from './json-body.ts'
import { OnDemandModels } from './managers/on-demand-models.ts'
import { readModelList } from './model-list.ts'
import { ModelNames } from './model-names.ts'
import { readNative } from './native-answer.ts'
import { askOllama, isAskedAsOllama, servesOllama } from './ollama-models.ts'
import { PassThrough } from './pass.ts'
import { type GenerationRequest, RefusedFields } from './request-variants.ts'
import { type ServerKind, serverKindOf } from './server-kind.ts'

/** The options of one upstream, as settings declare them, and what the handler adds. */
export interface UpstreamOptions
  extends Omit<ResolvedUpstream, 'lenient'>,
    Pick<UpstreamClientOptions, 'fetch'> {
  /** What was learned about finish reasons before, by URL. */
  finishes?: FinishHistories
  /** Whether discovery found it, rather than the settings naming it. */
  isDiscovered?: boolean
  /** Whether a request must not wait for a promise of another request (workerd). */
  isolateRequests?: boolean
}

/** A server with an OpenAI-compatible API, as an engine. */
export class Upstream implements Engine {
  readonly label: string
  readonly address: string
  readonly maxConcurrency: number | undefined
  readonly isServer = true
  readonly isDiscovered: boolean | undefined
  readonly #names: ModelNames
  readonly #options: UpstreamOptions
  readonly #client: UpstreamClient
  /** By path, the optional fields that the server refuses there. */
  readonly #refusedFields = new Map<string, RefusedFields>()
  readonly #finishes: FinishHistories
  #refusesBase64 = false
  #kind: ServerKind | undefined
  readonly #sizes: ContextSizes
  /** The models of the last listing, as the server names them. */
  #listed: Model[] | undefined
  readonly #onDemand: OnDemandModels
  readonly #missing = new MissingPaths()
  readonly pass: PassThrough['pass']
  readonly lacks: PassThrough['lacks']

  constructor(options: UpstreamOptions) {
    this.label = options.label
    this.address = options.url
    this.maxConcurrency = options.maxConcurrency
    this.isDiscovered = options.isDiscovered
    this.#names = new ModelNames(options)
    this.#options = options
    this.#finishes = options.finishes ?? new Map()
    this.#client = new UpstreamClient(options)
    const { pass, lacks } = new PassThrough(this.#client, this.#names, () => this.#listed)
    this.pass = pass
    this.lacks = lacks
    this.#onDemand = new OnDemandModels(this.#client, this.isDiscovered === true)
    const told = (path: string) => this.#onDemand.told(path)
    this.#sizes = new ContextSizes(options, this.#client, told)
  }

  /** The kind of server, once it has listed its models; undefined where they do not tell. */
  get kind(): ServerKind | undefined {
    return this.#kind
  }

  /** Those of the settings. An Ollama serves its own API too, unless the settings say that none is. */
  get nativeApis(): readonly NativeApi[] | undefined {
    const { nativeApis: given } = this.#options
    if (this.#kind !== 'ollama' || given?.length === 0 || given?.includes('ollama')) return given
    return [...(given ?? []), 'ollama']
  }

  acceptsModel(model: string): boolean {
    return this.#names.acceptsModel(model)
  }

  async models(signal: AbortSignal, { hops }: CallOptions = {}): Promise<Model[]> {
    const models = await readModelList(this.#client, { signal, hops })
    this.#kind = serverKindOf(models) ?? this.#kind
    this.#listed = await this.#onDemand.list(this.#kind, models, signal)
    return this.#visible(this.#listed)
  }

  async sizedModels(signal: AbortSignal, options: CallOptions = {}): Promise<Model[] | undefined> {
    const listed = this.#listed
    if (listed === undefined) return undefined
    const isNew = await this.#sizes.ask(this.#kind, listed, signal, options)
    return isNew ? this.#visible(listed) : undefined
  }

  #visible(models: readonly Model[]): Model[] {
    return this.#sizes.stated(this.#names.visibleModels(models.map(this.#sizes.add)))
  }

  loadState(model: string | undefined, since: number): LoadState | undefined {
    return this.#onDemand.look(this.#names.renamed({ model }).model, since)
  }

  chat(
    asked: ChatRequest,
    signal: AbortSignal,
    { asChunks = false, optionalFields = [], hops, trace, tapped, identity }: ChatOptions = {},
  ): Promise<ChatStream> {
    const { thinkTags = 'keep', systemMessages } = this.#options
    const reasoning = this.#options.reasoning === 'keep' ? undefined : this.#options.reasoning
    const choices = asked.n ?? 1
    const think = thinkSeparator(thinkTags, reasoning, asked)
    return this.#generate(withSystemMessages(systemMessages, asked), signal, {
      path: '/chat/completions',
      contract: (options) =>
        new ChatContract({ ...options, choices, reasoning, think, identity: identity?.() }),
      check: checkCompletion,
      asChunks,
      optionalFields,
      hops,
      trace,
      tapped,
    })
  }

  complete(
    asked: TextRequest,
    signal: AbortSignal,
    { asChunks = false, optionalFields = [], hops, trace, tapped }: ChatOptions = {},
  ): Promise<TextStream> {
    const answers = answerCounts(asked)
    return this.#generate(asked, signal, {
      path: '/completions',
      contract: (options) => new TextContract({ ...options, ...answers }),
      check: checkTextCompletion,
      asChunks,
      optionalFields,
      hops,
      trace,
      tapped,
    })
  }

  async forward(asked: NativeCall, signal: AbortSignal, options: CallOptions = {}) {
    const call = { ...asked, body: this.#names.renamed(asked.body) }
    const control = linkedController(signal)
    const { headers } = asked
    const carried = { ...options, headers, signal: control.signal }
    const response = await this.#client.postAccepted(call.path, call.body, carried)
    return abortOnFailure(
      response,
      control,
      readNative(response, call, this.#contractOptions(call.path, call.body), control),
    )
  }

  async countTokens(
    prompt: TokenCountCall,
    model: string | undefined,
    signal: AbortSignal,
    { hops, trace, tapped }: CallOptions = {},
  ): Promise<number | undefined> {
    const own = this.#names.renamed({ model }).model
    const post: Post = (path, body, headers) =>
      this.#client.post(path, body, { signal, hops, trace, tapped, headers })
    const chat = () => withSystemMessages(this.#options.systemMessages, prompt.chat())
    const counted = { ...prompt, chat, nativeApis: this.nativeApis }
    const accepted = (response: Fetched) => this.#client.accepted(response)
    return countByUpstream(counted, own, post, this.label, accepted, this.#missing)
  }

  async #generate<C extends AnyContract>(
    asked: GenerationRequest,
    signal: AbortSignal,
    protocol: Protocol<C>,
  ): Promise<AnswerStream<C>> {
    const request = this.#names.renamed(asked)
    const control = linkedController(signal)
    const response = await this.#postVariants(request, control.signal, protocol)
    const usageRequested = request.stream === true && !this.#refusedFieldsAt(protocol.path).usage
    const options = { ...this.#contractOptions(protocol.path, request), usageRequested }
    return abortOnFailure(
      response,
      control,
      readAnswer(response, request, control, protocol, options),
    )
  }

  async askOllama(question: OllamaQuestion, signal: AbortSignal, options: CallOptions = {}) {
    if (!isAskedAsOllama(this, options.hops)) return undefined
    const own = (model: string) => this.#names.renamed({ model }).model
    const asked = question.api === 'show' ? { ...question, model: own(question.model) } : question
    const found = await askOllama(this.#client, asked, { ...options, signal })
    return (model: string) => found.get(own(model))
  }

  async embed(asked: EmbeddingRequest, signal: AbortSignal, options: EmbedOptions = {}) {
    const errors = new EngineErrors({ label: this.label, secrets: this.#client.secrets })
    const native = servesOllama(this.nativeApis) ? options.ollama : undefined
    const response = await this.#postEmbedding(this.#names.renamed(asked), {
      ...{ signal, hops: options.hops, trace: options.trace, tapped: options.tapped, native },
    })
    requireJson(mediaType(response), 'JSON', errors)
    const { json, value: sent } = await readJson(response, this.label)
    const value = native ? fromOllamaAnswer(sent) : sent
    const { repaired, usage } = checkEmbeddings(value, asked, errors)
    const text = native || repaired.length > 0 ? JSON.stringify(value) : json
    return { kind: 'whole' as const, json: text, repaired, ...(usage && { usage }) }
  }

  /**
   * Posts a request with its optional fields and a request for usage. Where the server refuses it
   * with 400 or 422, posts it again without the optional fields, and then without usage.
   */
  async #postVariants(
    request: GenerationRequest,
    signal: AbortSignal,
    protocol: Omit<Protocol<AnyContract>, 'contract' | 'check' | 'asChunks'>,
  ): Promise<Fetched> {
    const { path, optionalFields = [], hops, trace, tapped } = protocol
    const refused = this.#refusedFieldsAt(path)
    const { variants, accepted } = refused.variantsOf(request, optionalFields)
    for (const [index, variant] of variants.entries()) {
      const response = await this.#client.post(path, variant, { signal, hops, trace, tapped })
      if (index < variants.length - 1 && (await this.#client.refuses(response, path))) continue
      const answer = await this.#client.accepted(response, path)
      accepted(index)
      return answer
    }
    throw new TypeError('a request has at least one variant')
  }

  #refusedFieldsAt(path: string): RefusedFields {
    let refused = this.#refusedFields.get(path)
    if (refused === undefined) {
      refused = new RefusedFields()
      this.#refusedFields.set(path, refused)
    }
    return refused
  }

  /** The options of the contract for an answer. */
  #contractOptions(
    path: string,
    { model, stream }: Pick<GenerationRequest, 'model' | 'stream'>,
  ): ContractOptions {
    const history = finishHistoryOf(this.#finishes, this.#options.url)
    const kind = answerKind(path, stream === true)
    const finishReason = history.ruleFor(model ?? '', this.#options.finishReason, kind)
    return { label: this.label, secrets: this.#client.secrets, finishReason }
  }

  /**
   * Posts an embedding request. A server that refuses base64 gets it again, for arrays of numbers.
   */
  async #postEmbedding(
    request: EmbeddingRequest,
    { native, ...call }: UpstreamCall & { native: EmbedOptions['ollama'] },
  ): Promise<Fetched> {
    if (native !== undefined) {
      const own = toOllamaRequest(request, native)
      return this.#client.postAccepted(`../api/${native.api}`, own, call)
    }
    const path = '/embeddings'
    if (request.encoding_format !== 'base64') return this.#client.postAccepted(path, request, call)
    if (!this.#refusesBase64) {
      const response = await this.#client.post(path, request, call)
      if (!(await this.#client.refuses(response, path)))
        return this.#client.accepted(response, path)
    }
    const asNumbers = { ...request, encoding_format: 'float' }
    const response = await this.#client.postAccepted(path, asNumbers, call)
    this.#refusesBase64 = true
    return response
  }
}
