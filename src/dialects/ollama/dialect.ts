/** Ollama's `/api/chat` and `/api/generate`. */
import type { StreamEncoder } from '../../stream/sse-response.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { TextChunk, TextRequest } from '../../wire/completions/request.ts'
import type { TextContract } from '../../wire/contract/completions.ts'
import type { NativeCall } from '../../wire/native.ts'
import type { OllamaAnswer } from '../../wire/ollama/answer.ts'
import {
  isStreamed,
  type OllamaRequest,
  parseOllamaChat,
  parseOllamaGenerate,
  unloads,
} from '../../wire/ollama/request.ts'
import type { TranslatedRequest } from '../dialect.ts'
import type { FieldNames } from '../field-names.ts'
import { loadAnswer, type OllamaAnswerContext, toAnswer, toTextAnswer } from './answer.ts'
import { chatEncoder, textEncoder } from './encoder.ts'
import { nativeCall } from './native.ts'
import { requireChat, requireText } from './native-only.ts'
import { chatRequest, optionalFields, promptChat, textRequest } from './to-chat.ts'

/** A request as it is handled, by what it asks for. */
export type OllamaConversation = OllamaLoad | OllamaChat | OllamaText

interface Shared {
  model: string | null | undefined
  stream: boolean
  native: NativeCall
}

/** A request without a prompt, which only loads or unloads the model. */
export interface OllamaLoad extends Shared {
  kind: 'load'
  answer(): OllamaAnswer
}

export interface OllamaChat extends Shared {
  kind: 'chat'
  conversation: TranslatedRequest
  /** The chat, from which the use of tokens is estimated; also where `conversation.chat` throws. */
  estimated: ChatRequest
  /** What also reaches an Ollama's model, and no other: tokens and a template. */
  more: unknown
}

/** A prompt that no template is applied to. */
export interface OllamaText extends Shared {
  kind: 'text'
  /** Throws an `ApiError` (400) for what only an Ollama upstream can do. */
  text(): TextRequest
  estimated: TextRequest
  /** See `OllamaChat`. */
  more: unknown
  optionalFields: readonly string[]
  fieldNames: FieldNames
  encoder(): StreamEncoder<TextContract>
  answer(completion: TextChunk): OllamaAnswer
}

/** The names of chat fields in this API. */
const FIELD_NAMES = {
  chat_template_kwargs: 'think',
  frequency_penalty: 'options.frequency_penalty',
  max_tokens: 'options.num_predict',
  presence_penalty: 'options.presence_penalty',
  reasoning_effort: 'think',
  response_format: 'format',
  seed: 'options.seed',
  stop: 'options.stop',
  temperature: 'options.temperature',
  top_p: 'options.top_p',
}

/** Reads the body of `POST /api/chat`. Throws an `ApiError` (400) that names the field. */
export function readOllamaChat(body: unknown, requestId: string): OllamaConversation {
  const request = parseOllamaChat(body)
  const asked = contextOf('chat', request, requestId)
  if (!request.messages?.length) return loadOf(request, asked)
  return chatOf(request, chatRequest(request), asked)
}

/** The same for `POST /api/generate`. */
export function readOllamaGenerate(body: unknown, requestId: string): OllamaConversation {
  const request = parseOllamaGenerate(body)
  const asked = contextOf('generate', request, requestId)
  if (!request.prompt && !request.suffix && !request.images?.length) return loadOf(request, asked)
  const more = [request.context, request.template]
  if (!request.raw && !request.suffix) return chatOf(request, promptChat(request), asked, more)
  const estimated = textRequest(request)
  return {
    kind: 'text',
    ...sharedOf(request, asked),
    estimated,
    more,
    text() {
      requireText(request)
      return estimated
    },
    optionalFields: optionalFields(request),
    fieldNames: FIELD_NAMES,
    encoder: () => textEncoder(asked),
    answer: (completion) => toTextAnswer(completion, asked),
  }
}

function chatOf(
  request: OllamaRequest,
  chat: ChatRequest,
  asked: OllamaAnswerContext,
  more?: unknown,
): OllamaChat {
  const shared = sharedOf(request, asked)
  const conversation: TranslatedRequest = {
    get chat() {
      requireChat(request)
      return chat
    },
    optionalFields: optionalFields(request),
    fieldNames: FIELD_NAMES,
    native: shared.native,
    encoder: () => chatEncoder(asked),
    answer: (completion) => toAnswer(completion, asked),
  }
  return { kind: 'chat', ...shared, conversation, estimated: chat, more }
}

function loadOf(request: OllamaRequest, asked: OllamaAnswerContext): OllamaLoad {
  // Ollama answers with one JSON object, whether a stream was asked for or not.
  const shared = sharedOf({ ...request, stream: false }, asked)
  const did = unloads(request) ? 'unload' : 'load'
  return { kind: 'load', ...shared, answer: () => loadAnswer(asked, did) }
}

function sharedOf(request: OllamaRequest, { route }: OllamaAnswerContext): Shared {
  const stream = isStreamed(request)
  return { model: request.model, stream, native: nativeCall(request, route, stream) }
}

function contextOf(
  route: OllamaAnswerContext['route'],
  { model }: OllamaRequest,
  requestId: string,
): OllamaAnswerContext {
  const id = requestId.replaceAll('-', '').slice(0, 12)
  let calls = 0
  return {
    route,
    model: model ?? '',
    startedAt: performance.now(),
    newCallId: () => `call_${id}${calls++}`,
  }
}
