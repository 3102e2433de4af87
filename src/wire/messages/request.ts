/**
 * Requests of Anthropic's Messages API. Names, types and ranges are those of its SDK
 * (@anthropic-ai/sdk 1.12.0), and wider where local servers accept more. An optional field may be null.
 */
import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { dictionary } from '../chat/request.ts'
import { ApiError } from '../errors/api-error.ts'
import { flag, integer, text } from '../validation/fields.ts'
import { checking, invalid } from '../validation/invalid.ts'
import { type Block, BlockSchema, type TextBlock, TextBlockSchema } from './blocks.ts'

export type * from './blocks.ts'

export interface MessageParam {
  role: 'user' | 'assistant' | 'system'
  content: string | Block[]
}

/** A tool that the client runs, or one that Anthropic's servers would run. */
export interface MessagesTool {
  /** `custom` by default. */
  type?: string | null
  /** Some of Anthropic's tools have none. */
  name: string
  description?: string | null
  input_schema?: Record<string, unknown>
  strict?: boolean | null
  /** Whether the model sees the tool only after a search has found it. */
  defer_loading?: boolean | null
  [field: string]: unknown
}

export interface MessagesToolChoice {
  type: 'auto' | 'any' | 'tool' | 'none'
  name?: string
  disable_parallel_tool_use?: boolean | null
}

export interface Thinking {
  type: 'enabled' | 'adaptive' | 'between_tools' | 'disabled'
  /** Tokens. */
  budget_tokens?: number
}

export interface OutputFormat {
  type: 'json_schema'
  schema: Record<string, unknown>
}

/** The body of `POST /v1/messages/count_tokens`, and most of that of `POST /v1/messages`. */
export interface CountRequest {
  model?: string | null
  messages: MessageParam[]
  system?: string | TextBlock[] | null
  tools?: MessagesTool[] | null
  tool_choice?: MessagesToolChoice | null
  thinking?: Thinking | null
  output_config?: { effort?: string | null; format?: OutputFormat | null } | null
  /** The older place of `output_config.format`. */
  output_format?: OutputFormat | null
  [field: string]: unknown
}

/** The body of `POST /v1/messages`. */
export interface MessagesRequest extends CountRequest {
  max_tokens: number
  stream?: boolean | null
  stop_sequences?: string[] | null
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  metadata?: { user_id?: string | null } | null
  service_tier?: string | null
}

const MessageSchema = z.discriminatedUnion('role', [
  z.looseObject({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(BlockSchema)]),
  }),
  z.looseObject({
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(BlockSchema)]),
  }),
  z.looseObject({
    role: z.literal('system'),
    content: z.union([z.string(), z.array(TextBlockSchema)]),
  }),
])

const otherType = z.string().check(z.regex(/^(?!custom$)/, { abort: true }))

const ToolSchema = z.union([
  z.looseObject({
    type: z.nullish(z.literal('custom')),
    name: z.string(),
    description: text,
    input_schema: dictionary,
    strict: flag,
  }),
  z.looseObject({ type: otherType }),
])

const disable_parallel_tool_use = flag

const ToolChoiceSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('auto'), disable_parallel_tool_use }),
  z.looseObject({ type: z.literal('any'), disable_parallel_tool_use }),
  z.looseObject({ type: z.literal('tool'), name: z.string(), disable_parallel_tool_use }),
  z.looseObject({ type: z.literal('none') }),
])

const ThinkingSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('enabled'), budget_tokens: z.optional(z.unknown()) }),
  z.looseObject({ type: z.literal('adaptive') }),
  z.looseObject({ type: z.literal('between_tools') }),
  z.looseObject({ type: z.literal('disabled') }),
])

const format = z.nullish(
  z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('json_schema'), schema: dictionary }),
  ]),
)

const counted = {
  model: text,
  messages: z
    .array(MessageSchema, 'a non-empty array')
    .check(z.minLength(1, { error: 'a non-empty array', abort: true })),
  system: z.nullish(z.union([z.string(), z.array(TextBlockSchema)])),
  tools: z.nullish(z.array(ToolSchema)),
  tool_choice: z.nullish(ToolChoiceSchema),
  thinking: z.nullish(ThinkingSchema),
  output_config: z.nullish(z.looseObject({ effort: text, format })),
  output_format: format,
}

export const CountRequestSchema = z.looseObject(counted)

export const MessagesRequestSchema = z.looseObject({
  ...counted,
  // 0 only fills a cache in Anthropic's API; to other servers it means something else.
  max_tokens: integer(1),
  stream: flag,
  stop_sequences: z.nullish(z.array(z.string())),
  temperature: z.optional(z.unknown()),
  top_p: z.optional(z.unknown()),
  top_k: z.optional(z.unknown()),
  metadata: z.nullish(dictionary),
  service_tier: text,
})

/** The request in a parsed body, checked. Throws an `ApiError` (400) that names the wrong field. */
export function parseMessagesRequest(body: unknown): MessagesRequest {
  check(MessagesRequestSchema, body)
  return body as MessagesRequest
}

/** The same for `POST /v1/messages/count_tokens`. */
export function parseCountRequest(body: unknown): CountRequest {
  check(CountRequestSchema, body)
  return body as CountRequest
}

function check(schema: z.ZodMiniType, body: unknown): void {
  refuseThread(body)
  const { error } = z.safeParse(schema, body, checking)
  if (error !== undefined) throw invalid(error.issues, body)
}

/**
 * The next request of a thread holds only what is new: if the thread were ignored, everything before
 * would be lost. The SDK's tool runner requests one; after this code it sends the whole conversation.
 */
function refuseThread(body: unknown): void {
  if (!isObject(body) || body.thread === undefined || body.thread === null) return
  const message =
    'thread: expected none, got one; sluice stores no conversations, so send all of its messages.'
  throw new ApiError(400, message, { code: 'thread_unsupported_request', param: 'thread' })
}
