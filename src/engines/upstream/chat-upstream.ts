import type { Fetched } from '../../platform/fetch.ts'
import type { ResolvedUpstream } from '../../settings/upstreams.ts'
import type { AnswerStream, AnyContract, ChatStream } from '../../stream/chat-stream.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { withSystemMessages } from '../../wire/chat/system-messages.ts'
import { ChatContract, type ContractOptions } from '../../wire/contract/chat.ts'
import { checkCompletion } from '../../wire/contract/chat-answer.ts'
import type { thinkSeparator } from '../../wire/contract/think.ts'
import type { NativeApi } from '../../wire/native.ts'
import type { CallOptions, ChatOptions, Engine, Model } from '../engine.ts'
import { abortOnFailure, linkedController } from './abort.ts'
import { type Protocol, readAnswer } from './answer.ts'
import { UpstreamClient, type UpstreamClientOptions } from './client.ts'
import { answerKind, type FinishHistories, finishHistoryOf } from './finish-history.ts'
import { UpstreamModelList } from './model-list.ts'
import { ModelNames } from './model-names.ts'
import { type GenerationRequest, RefusedFields } from './request-variants.ts'
import { type ServerKind, serverKindOf } from './server-kind.ts'
import { withStatedLength } from './stated-length.ts'

/** The options of one upstream, as settings declare them, and what the handler adds. */
export interface UpstreamOptions
  extends Omit<ResolvedUpstream, 'lenient'>,
    Pick<UpstreamClientOptions, 'fetch'> {
  /** What was learned about finish reasons before, by URL. */
  finishes?: FinishHistories
  /** Whether discovery found it, rather than the settings naming it. */
  isDiscovered?: boolean
  /** Makes reasoning of what an answer has between tags. */
  thinkSeparator?: typeof thinkSeparator | undefined
  /** Sends system messages as the option says; as they came without it. */
  withSystemMessages?: typeof withSystemMessages | undefined
  /** Whether a request must not wait for a promise of another request (workerd). */
  isolateRequests?: boolean
}

/** What an ability does its work with. */
export interface UpstreamAccess {
  readonly label: string
  readonly client: UpstreamClient
  readonly names: ModelNames
  readonly isDiscovered: boolean
  readonly isolateRequests: boolean
  kind(): ServerKind | undefined
  nativeApis(): readonly NativeApi[] | undefined
  /** The models of the last listing, as the server names them. */
  listed(): readonly Model[] | undefined
  /** The same as clients see them. */
  visible(models: readonly Model[]): Model[]
  /** A chat with its system messages as they are sent to the server. */
  asSent(chat: ChatRequest): ChatRequest
  /** Says more of the models, from the next listing on. */
  describe(details: ModelDetails): void
  /** The options of the contract for an answer. */
  contractOptions(path: string, asked: Pick<GenerationRequest, 'model' | 'stream'>): ContractOptions
  /** Asks for an answer in one of the server's APIs. */
  generate<C extends AnyContract>(
    asked: GenerationRequest,
    signal: AbortSignal,
    protocol: Protocol<C>,
  ): Promise<AnswerStream<C>>
}

/** What is known of models beside what a server lists. */
export interface ModelDetails {
  /** Sees what the server lists. Resolves with the same models, and more about some. */
  list(models: Model[], signal: AbortSignal): Promise<Model[]>
  /** A model, as the server names it, with what is known of it. */
  add(model: Model): Model
}

/** What an upstream does beyond chats. */
export type Ability = (upstream: UpstreamAccess) => Partial<Engine>

/** A server with an OpenAI-compatible API, as an engine that chats, and has some further abilities. */
export class ChatUpstream implements Engine {
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
  #kind: ServerKind | undefined
  readonly #list = new UpstreamModelList()
  /** The models of the last listing, as the server names them. */
  #listed: Model[] | undefined
  #details: ModelDetails | undefined

  constructor(options: UpstreamOptions, abilities: Iterable<Ability> = []) {
    this.label = options.label
    this.address = options.url
    this.maxConcurrency = options.maxConcurrency
    this.isDiscovered = options.isDiscovered
    this.#names = new ModelNames(options)
    this.#options = options
    this.#finishes = options.finishes ?? new Map()
    this.#client = new UpstreamClient(options)
    const access = this.#access()
    for (const ability of abilities) Object.assign(this, ability(access))
  }

  #access(): UpstreamAccess {
    return {
      label: this.label,
      client: this.#client,
      names: this.#names,
      isDiscovered: this.isDiscovered === true,
      isolateRequests: this.#options.isolateRequests === true,
      kind: () => this.#kind,
      nativeApis: () => this.nativeApis,
      listed: () => this.#listed,
      visible: (models) => this.#visible(models),
      asSent: (chat) => this.#asSent(chat),
      describe: (details) => {
        this.#details = details
      },
      contractOptions: (path, asked) => this.#contractOptions(path, asked),
      generate: (asked, signal, protocol) => this.#generate(asked, signal, protocol),
    }
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
    const models = await this.#list.read(this.#client, { signal, hops })
    this.#kind = serverKindOf(models) ?? this.#kind
    this.#listed = this.#details ? await this.#details.list(models, signal) : models
    return this.#visible(this.#listed)
  }

  #visible(models: readonly Model[]): Model[] {
    const known = this.#details ? models.map(this.#details.add) : [...models]
    return withStatedLength(this.#names.visibleModels(known), this.#options.contextLength)
  }

  chat(
    asked: ChatRequest,
    signal: AbortSignal,
    { asChunks = false, optionalFields = [], identity, ...call }: ChatOptions = {},
  ): Promise<ChatStream> {
    const { thinkTags = 'keep', thinkSeparator } = this.#options
    const reasoning = this.#options.reasoning === 'keep' ? undefined : this.#options.reasoning
    const choices = asked.n ?? 1
    const think = thinkSeparator?.(thinkTags, reasoning, asked)
    return this.#generate(this.#asSent(asked), signal, {
      path: '/chat/completions',
      contract: (options) =>
        new ChatContract({ ...options, choices, reasoning, think, identity: identity?.() }),
      check: checkCompletion,
      asChunks,
      optionalFields,
      call,
    })
  }

  #asSent(chat: ChatRequest): ChatRequest {
    const { systemMessages, withSystemMessages } = this.#options
    return withSystemMessages?.(systemMessages, chat) ?? chat
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

  /**
   * Posts a request with its optional fields and a request for usage. Where the server refuses it
   * with 400 or 422, posts it again without the optional fields, and then without usage.
   */
  async #postVariants(
    request: GenerationRequest,
    signal: AbortSignal,
    protocol: Omit<Protocol<AnyContract>, 'contract' | 'check' | 'asChunks'>,
  ): Promise<Fetched> {
    const { path, optionalFields = [], call } = protocol
    const refused = this.#refusedFieldsAt(path)
    const { variants, accepted } = refused.variantsOf(request, optionalFields)
    for (const [index, variant] of variants.entries()) {
      const response = await this.#client.post(path, variant, { ...call, signal })
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
}
