/**
 * Converts a chat request to web-llm's form; options that web-llm can't honour are refused by name.
 */

import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'
import { requireChat } from '../../wire/chat/known-fields.ts'
import type { ChatMessage, ChatRequest, ContentPart } from '../../wire/chat/request.ts'
import { withOneSystemMessage } from '../../wire/chat/system-messages.ts'
import { wantsThinking } from '../../wire/contract/think.ts'
import { type ApiError, badRequest } from '../../wire/errors/api-error.ts'
import type {
  MlcChatRequest,
  MlcMessage,
  MlcPart,
  MlcResponseFormat,
  ModelRecord,
} from './mlc-types.ts'
import type { CallReader } from './tools/call-reader.ts'
import { toolFormOf } from './tools/forms.ts'
import { inCallOrder, inToolForm, type ToolPrompt } from './tools/history.ts'
import { toolUse } from './tools/tool-use.ts'
import { writtenCall } from './tools/written.ts'

/** `model_type` of a vision model. */
const VISION_TYPE = 2

/** A request for web-llm, with what finds the calls of tools in its answer, where there may be some. */
export interface MlcAsked {
  request: MlcChatRequest
  calls?: CallReader
}

/**
 * The request for web-llm, which always streams with usage. Throws an `ApiError` (400) that names a
 * field which web-llm would ignore.
 */
export function toMlcRequest(asked: ChatRequest, record: ModelRecord): MlcAsked {
  const request = requireChat(asked)
  refuseUnsupported(request)
  const thinking = wantsThinking(request)
  const tools = toolUse(request, record, thinking !== false)
  const format = tools ? tools.format : responseFormat(request)
  const mlc = {
    messages: toMlcMessages(request.messages, record, tools?.prompt),
    model: record.model_id,
    stream: true,
    stream_options: { include_usage: true },
    ...pickFields(request, [...SAMPLING_FIELDS, 'logprobs', 'top_logprobs']),
    ...tokenLimit(request.max_completion_tokens ?? request.max_tokens),
    ...(format && { response_format: format }),
    ...(thinking !== undefined && { extra_body: { enable_thinking: thinking } }),
  } as MlcChatRequest
  return { request: mlc, ...(tools && { calls: tools.calls }) }
}

/** Fields with the same meaning in web-llm. */
export const SAMPLING_FIELDS = [
  'stop',
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'logit_bias',
  'seed',
  'ignore_eos',
]

export function pickFields(
  request: Record<string, unknown>,
  fields: string[],
): Record<string, unknown> {
  const known = fields.filter((field) => request[field] !== undefined && request[field] !== null)
  return Object.fromEntries(known.map((field) => [field, request[field]]))
}

/** -1 and null mean that only the context limits the answer. */
export function tokenLimit(limit: number | null | undefined): { max_tokens?: number } {
  return limit === undefined || limit === null || limit < 0 ? {} : { max_tokens: limit }
}

function refuseUnsupported(request: ChatRequest): void {
  if ((request.n ?? 1) > 1)
    throw unsupported('n', 'more than one choice', 'Send one request per choice.')
  const voices = request.modalities as string[] | null | undefined
  if (voices?.some((modality) => modality !== 'text'))
    throw unsupported('modalities', 'output other than text')
  for (const field of ['functions', 'function_call']) {
    if (isGiven(request[field]))
      throw unsupported(field, 'function calls in the deprecated form', 'Use `tools`.')
  }
  if (isGiven(request.audio)) throw unsupported('audio', 'speech')
  if (isGiven(request.web_search_options)) throw unsupported('web_search_options', 'a web search')
}

export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

export function unsupported(field: string, what: string, remedy = ''): ApiError {
  const hint = remedy && ` ${remedy}`
  return badRequest(
    `${field}: a model that runs through WebGPU can't produce ${what}.${hint}`,
    field,
  )
}

/** web-llm requires a single system message, first; and each content as one string. */
function toMlcMessages(
  messages: ChatMessage[],
  record: ModelRecord,
  prompt?: ToolPrompt,
): MlcMessage[] {
  const converted = inCallOrder(messages).map(({ message, at }) => {
    return toMlcMessage(message, `messages[${at}]`, record)
  })
  const merged = withOneSystemMessage(converted as ChatMessage[]) as MlcMessage[]
  const said = inToolForm(merged, toolFormOf(record), prompt)
  const nonEmpty = said.filter(({ role, content }) => role !== 'system' || content !== '')
  const last = nonEmpty.at(-1)
  if (last === undefined || last.role === 'system') throw mustEndWith('messages')
  if (last.role !== 'user' && last.role !== 'tool') {
    throw mustEndWith(`messages[${messages.length - 1}].role`)
  }
  return nonEmpty.map((message) => (isReplaced(message, record) ? asReplacement(message) : message))
}

/** For a model with a manifest, web-llm 0.2.86 joins the parts of a prompt, all but the system message. */
function isReplaced({ role }: MlcMessage, { model_manifest }: ModelRecord): boolean {
  return role === 'system' || model_manifest === undefined
}

/**
 * web-llm puts texts into its templates by `String.replace`, which takes `$$`, `$&`, `` $` `` and `$'` in them for
 * patterns: half of a shell script's `$$` would be lost. Doubled, the dollar comes out as it was. Other dollars
 * stay, so that an answer with a price is still found in web-llm's memory of the conversation.
 */
function asReplacement<M extends MlcMessage>(message: M): M {
  const { content } = message
  if (typeof content === 'string') return { ...message, content: escaped(content) }
  if (!Array.isArray(content)) return message
  const parts = content.map((part) =>
    part.type === 'text' ? { ...part, text: escaped(part.text) } : part,
  )
  return { ...message, content: parts }
}

function escaped(text: string): string {
  return text.replace(/\$(?=[$&`'])/g, () => '$$')
}

function mustEndWith(field: string): ApiError {
  const message = `${field}: expected the last message to have the role "user" or "tool", since this model can't continue a message of its own.`
  return badRequest(message, field)
}

function toMlcMessage(message: ChatMessage, at: string, record: ModelRecord): MlcMessage {
  const name = typeof message.name === 'string' ? { name: message.name } : {}
  switch (message.role) {
    case 'user':
      return { role: 'user', content: userContent(message, at, record), ...name }
    case 'assistant':
      return { role: 'assistant', content: assistantText(message, at, record), ...name }
    case 'tool':
      return {
        role: 'tool',
        content: textOf(message, at),
        tool_call_id: message.tool_call_id ?? '',
      }
    case 'system':
    case 'developer':
      return { role: 'system', content: textOf(message, at) }
    default:
      throw badRequest(
        `${at}.role: expected user, assistant, tool, system or developer, got "${message.role}".`,
        `${at}.role`,
      )
  }
}

/** The text that the model wrote: its content, followed by its tool calls as its family writes them. */
function assistantText(message: ChatMessage, at: string, record: ModelRecord): string {
  const text = isGiven(message.content) ? textOf(message, at) : ''
  const calls = message.tool_calls ?? []
  if (calls.length === 0) return text
  const form = toolFormOf(record)
  if (form) {
    const own = calls.map(({ function: called }) =>
      writtenCall(form, called?.name ?? '', called?.arguments || '{}'),
    )
    return [text, ...own].filter((part) => part !== '').join('\n')
  }
  const written = calls.map((call) => ({
    name: call.function?.name ?? '',
    arguments: parsed(call.function?.arguments ?? '{}'),
  }))
  return [text, JSON.stringify(written)].filter((part) => part !== '').join('\n')
}

function parsed(json: string): unknown {
  try {
    return parseJson(json)
  } catch {
    return json
  }
}

function textOf({ content }: ChatMessage, at: string): string {
  if (typeof content === 'string') return content
  return (content ?? []).map((part, index) => partText(part, `${at}.content[${index}]`)).join('')
}

function partText(part: ContentPart, at: string): string {
  if (part.type === 'text' && typeof part.text === 'string') return part.text
  if (part.type === 'refusal' && typeof part.refusal === 'string') return part.refusal
  throw badRequest(
    `${at}.type: expected text, the only type this model accepts, got "${part.type}".`,
    `${at}.type`,
  )
}

/** One text and, for a vision model, its images. */
function userContent(message: ChatMessage, at: string, record: ModelRecord): string | MlcPart[] {
  const parts = message.content
  const hasImages = Array.isArray(parts) && parts.some(({ type }) => type === 'image_url')
  if (!hasImages || record.model_type !== VISION_TYPE) return textOf(message, at)
  const images = parts.flatMap((part, index) =>
    part.type === 'image_url' ? [imageOf(part, `${at}.content[${index}]`)] : [],
  )
  const rest = parts.filter(({ type }) => type !== 'image_url')
  const text = textOf({ ...message, content: rest }, at)
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...images]
}

function imageOf(part: ContentPart, at: string): MlcPart {
  const image = part.image_url
  const url = isObject(image) ? image.url : image
  if (typeof url === 'string' && /^(https?:|data:image)/.test(url)) {
    return { type: 'image_url', image_url: { url } }
  }
  const field = `${at}.image_url.url`
  throw badRequest(
    `${field}: expected an http, https or data:image URL, got something else.`,
    field,
  )
}

/** web-llm has no `json_schema`: it enforces a schema by `json_object`. */
function responseFormat({ response_format }: ChatRequest): MlcResponseFormat | undefined {
  if (!isObject(response_format)) return undefined
  if (response_format.type === 'text') return { type: 'text' }
  if (response_format.type === 'json_object') return { type: 'json_object' }
  const { json_schema } = response_format
  const schema = isObject(json_schema) ? json_schema.schema : undefined
  if (response_format.type === 'json_schema') {
    return { type: 'json_object', ...(isObject(schema) && { schema: JSON.stringify(schema) }) }
  }
  if (response_format.type === 'grammar' && typeof response_format.grammar === 'string') {
    return { type: 'grammar', grammar: response_format.grammar }
  }
  const field = 'response_format.type'
  const received = JSON.stringify(response_format.type)
  throw badRequest(`${field}: expected text, json_object or json_schema, got ${received}.`, field)
}
