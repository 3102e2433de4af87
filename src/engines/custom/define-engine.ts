/** Engines that a program defines itself. */
import { unexpected, unknownName } from '../../settings/error.ts'
import { type ChatStream, enforceContract } from '../../stream/chat-stream.ts'
import { answerCounts, type TextStream } from '../../stream/text-stream.ts'
import { abortable } from '../../util/abortable.ts'
import { requireChat } from '../../wire/chat/known-fields.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import { requireText, type TextRequest } from '../../wire/completions/request.ts'
import { ChatContract } from '../../wire/contract/chat.ts'
import { TextContract } from '../../wire/contract/completions.ts'
import { type EmbeddingRequest, requireEmbedding } from '../../wire/embeddings/request.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { onlyHeaders } from '../../wire/headers/trace-context.ts'
import { isTokenCount } from '../../wire/usage.ts'
import type { CallOptions, ChatOptions, Engine, Progress } from '../engine.ts'
import { STATIC_MODEL } from '../static/model.ts'
import { ChatForm, type ChatYield } from './chat-form.ts'
import { type Embedded, embeddingAnswer } from './embed.ts'
import { engineFailure, shown } from './errors.ts'
import { type EngineCall, generated, type Yields } from './generated.ts'
import { checkModels, type ModelList, type ModelsOf, modelsOf } from './models.ts'
import { TextForm, type TextYield } from './text-form.ts'

/** The second argument of calls for which a model may have to be loaded first. */
export interface GenerationCall extends EngineCall {
  /** Reports to the client how far a model has been loaded, until the first value is yielded. */
  onProgress(progress: Progress): void
}

/** The definition of an engine: its name, its models, and how it answers. */
export interface EngineDefinition {
  /** Its name in logs and error messages: 1 to 40 letters, digits, `.`, `_` and `-`. */
  label: string
  /** The ids of its models, the models themselves, or a function that returns the current ones. */
  models: ModelList | ModelsOf
  /**
   * Answers a chat. It yields texts, deltas (`{ content }`, `{ reasoning_content }`,
   * `{ tool_calls }`), whole chunks, or `{ usage }`, which may also be returned. An `ApiError` thrown
   * before the first yield becomes the HTTP status; a later one becomes the stream's last event.
   */
  chat(request: ChatRequest, call: GenerationCall): Yields<ChatYield>
  /** Answers a text completion (`POST /v1/completions`). Without it, such requests get 400. */
  complete?(request: TextRequest, call: GenerationCall): Yields<TextYield>
  /** Answers `POST /v1/embeddings`. Without it, such requests get 400. */
  embed?(request: EmbeddingRequest, call: EngineCall): Embedded | PromiseLike<Embedded>
  /** The number of tokens of a prompt; undefined if it is unknown. */
  countTokens?(
    request: ChatRequest,
    call: EngineCall,
  ): number | undefined | PromiseLike<number | undefined>
  /** The most requests at the same time, from 1; further ones wait in a queue. Unlimited by default. */
  maxConcurrency?: number
}

/** A registered symbol, so that two copies of this module in one program accept each other's engines. */
const made: unique symbol = Symbol.for('sluice.engine')

/** An engine made by `defineEngine`. Its other properties are internal. */
export interface DefinedEngine {
  /** Its name in logs and error messages. */
  readonly label: string
  readonly [made]: true
}

const FIELDS = ['label', 'models', 'chat', 'complete', 'embed', 'countTokens', 'maxConcurrency']
const FUNCTIONS = ['chat', 'complete', 'embed', 'countTokens'] as const
const LABEL = /^[a-z0-9][a-z0-9._-]{0,39}$/i

/**
 * Makes an engine out of functions, for the option `engines` of `createHandler` and `serve`. It
 * answers every API that sluice serves, as JSON or as a stream. A missing role, finish reason, id or
 * time is added, and the stream is checked like that of any other engine.
 *
 * - The next value is pulled when the client has taken the one before it, so that a slow client slows
 *   the engine.
 * - When the client disconnects, `signal` aborts and the generator's `return` is called, so that its
 *   `finally` runs. Pass the signal on to whatever the generator waits for.
 * - An `ApiError` is sent to the client unchanged. Any other error becomes 502 `engine_error`, with
 *   its message only in the log entry's `cause`.
 *
 * Throws a `SettingsError` for an invalid definition.
 *
 * @example
 * const echo = defineEngine({
 *   label: 'echo',
 *   models: ['echo'],
 *   async *chat({ messages }, { signal }) {
 *     for (const word of String(messages.at(-1)?.content).split(' ')) {
 *       signal.throwIfAborted()
 *       yield `${word} `
 *     }
 *   },
 * })
 * const handler = createHandler({ engines: [echo], insecure: true })
 */
export function defineEngine(definition: EngineDefinition): DefinedEngine {
  check(definition)
  return Object.assign(engineOf(definition), { [made]: true as const })
}

/** Whether a value is an engine that `defineEngine` made. */
export function isDefinedEngine(value: unknown): value is DefinedEngine & Engine {
  return typeof value === 'object' && value !== null && made in value
}

function engineOf(definition: EngineDefinition): Engine {
  const { label, maxConcurrency } = definition
  const errors = new EngineErrors({ label, source: 'engine' })
  const models = modelsOf(definition.models, label, errors)
  return {
    label,
    allowsFailover: true,
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    acceptsModel: models.takes,
    models: (signal) => attempt(label, signal, () => models.list(signal)),
    chat: (request, signal, options) => chat(definition, request, signal, options),
    ...(definition.complete && {
      complete: (request, signal, options) => completeText(definition, request, signal, options),
    }),
    ...(definition.embed && {
      async embed(asked, signal, options) {
        const request = requireEmbedding(asked)
        const call = engineCall(signal, options)
        const returned = await attempt(label, signal, () => definition.embed?.(request, call))
        return embeddingAnswer(returned, request, label, errors)
      },
    }),
    ...(definition.countTokens && {
      countTokens(prompt, model, signal, options) {
        const call = engineCall(signal, options)
        const request = { ...prompt.chat(), ...(model !== undefined && { model }) }
        return attempt(label, signal, async () =>
          tokenCount(await definition.countTokens?.(request, call)),
        )
      },
    }),
  }
}

async function chat(
  definition: EngineDefinition,
  asked: ChatRequest,
  signal: AbortSignal,
  options: ChatOptions = {},
): Promise<ChatStream> {
  const request = requireChat(asked)
  const { label } = definition
  const { n, stream, stream_options } = request
  const contract = new ChatContract({
    label,
    source: 'engine',
    usageRequested: true,
    usage: stream ? Boolean(stream_options?.include_usage) : true,
    choices: n ?? 1,
  })
  const { errors } = contract
  const form = new ChatForm(label, contract, request)
  const { onProgress = () => {} } = options
  const call = () => definition.chat(request, { ...engineCall(signal, options), onProgress })
  return enforceContract(await generated(call, { label, form, errors, signal }), contract)
}

async function completeText(
  definition: EngineDefinition,
  asked: TextRequest,
  signal: AbortSignal,
  options: ChatOptions = {},
): Promise<TextStream> {
  const request = requireText(asked)
  const { label } = definition
  const { stream, stream_options } = request
  const answers = answerCounts(request)
  const contract = new TextContract({
    label,
    source: 'engine',
    usageRequested: true,
    usage: stream ? Boolean(stream_options?.include_usage) : true,
    ...answers,
  })
  const { errors } = contract
  const form = new TextForm(label, contract, request, answers.choices)
  const { onProgress = () => {} } = options
  const own = { ...engineCall(signal, options), onProgress }
  const call = () => definition.complete?.(request, own) ?? []
  return enforceContract(await generated(call, { label, form, errors, signal }), contract)
}

/** What every function of an engine is told. */
function engineCall(signal: AbortSignal, { trace }: CallOptions = {}): EngineCall {
  return { signal, ...(trace && { trace: onlyHeaders(trace) }) }
}

/** What one's own code returns, unless the signal aborts first. Rejects with an `ApiError`. */
async function attempt<T>(
  label: string,
  signal: AbortSignal,
  act: () => T | PromiseLike<T>,
): Promise<T> {
  try {
    return await abortable(Promise.resolve().then(act), signal)
  } catch (error) {
    throw signal.aborted ? signal.reason : engineFailure(label, error)
  }
}

function check(definition: EngineDefinition): void {
  if (typeof definition !== 'object' || definition === null) {
    throw unexpected('defineEngine', 'an object with a label, models and chat', definition)
  }
  requireKnownFields(definition)
  const { label, models, maxConcurrency } = definition
  const isLabel = typeof label === 'string' && LABEL.test(label) && label !== STATIC_MODEL
  if (!isLabel) {
    const expected = '1 to 40 letters, digits, ".", "_" and "-", and not "static"'
    throw unexpected('defineEngine: label', expected, label)
  }
  for (const name of FUNCTIONS) {
    const given: unknown = definition[name]
    if (typeof given === 'function' || (given === undefined && name !== 'chat')) continue
    throw unexpected(`defineEngine: ${name}`, 'a function', given)
  }
  checkModels(models)
  if (maxConcurrency === undefined || (Number.isInteger(maxConcurrency) && maxConcurrency >= 1))
    return
  throw unexpected('defineEngine: maxConcurrency', 'a whole number from 1', maxConcurrency)
}

/** An instance of a class may have fields of its own. */
function requireKnownFields(definition: object): void {
  const prototype: unknown = Object.getPrototypeOf(definition)
  if (prototype !== Object.prototype && prototype !== null) return
  for (const name of Object.keys(definition)) {
    if (FIELDS.includes(name)) continue
    const current = name === 'streams' ? 'maxConcurrency' : name
    throw unknownName(`defineEngine: ${name}`, current, FIELDS, 'field')
  }
}

/** Throws an error for a count that is none. */
function tokenCount(value: unknown): number | undefined {
  if (value === undefined || isTokenCount(value)) return value
  throw new TypeError(
    `countTokens returned ${shown(value)}; expected a whole number of tokens, or undefined if it is unknown`,
  )
}
