/**
 * The messages of a conversation, by role, as in OpenAI's OpenAPI description 2.3.0. Unknown fields and
 * types of parts are passed on: local servers have their own, such as `video_url`.
 */

import * as z from 'zod/mini'
import { text } from '../validation/fields.ts'

/** Who says a message. */
export type Role = 'developer' | 'system' | 'user' | 'assistant' | 'tool' | 'function'

/** One part of a message: `text`, `image_url`, `input_audio`, `file`, `refusal`, or a server's own. */
export interface ContentPart {
  type: string
  text?: string
  [field: string]: unknown
}

/** A call the model made, as a client repeats it in the conversation. */
export interface ToolCall {
  type: string
  id?: string
  /** `arguments` is JSON text as the model wrote it, and may be invalid. */
  function?: { name: string; arguments: string; [field: string]: unknown }
  custom?: { name: string; input: string; [field: string]: unknown }
  [field: string]: unknown
}

/** One message of a conversation, oldest first in a request. */
export interface ChatMessage {
  role: Role
  content?: string | ContentPart[] | null
  name?: string | null
  refusal?: string | null
  tool_calls?: ToolCall[] | null
  tool_call_id?: string
  [field: string]: unknown
}

type Tagged = z.ZodMiniObject<{ type: z.ZodMiniLiteral<string> }>

/** A union of objects by their `type`. An object with an unknown `type` passes: it is a server's own. */
export function tagged<Known extends [Tagged, ...Tagged[]]>(...known: Known) {
  const types = known.flatMap((option) => [...option.shape.type._zod.values]).join('|')
  const other = z.regex(new RegExp(`^(?!(?:${types})$)`), { abort: true })
  return z.union([
    z.discriminatedUnion('type', known),
    z.looseObject({ type: z.string().check(other) }),
  ])
}

const prompt_cache_breakpoint = z.nullish(z.looseObject({ mode: z.literal('explicit'), ttl: text }))

export const TextPartSchema = z.looseObject({
  type: z.literal('text'),
  text: z.string(),
  prompt_cache_breakpoint,
})

// Which role may have which part is for the server to check: local ones accept images from tools.
const ContentPartSchema = tagged(
  TextPartSchema,
  z.looseObject({
    type: z.literal('image_url'),
    // OpenAI expects the object; Ollama and LM Studio also accept the URL alone.
    image_url: z.union([
      z.string(),
      z.looseObject({
        url: z.string(),
        detail: z.nullish(z.enum(['auto', 'low', 'high', 'original'])),
      }),
    ]),
    prompt_cache_breakpoint,
  }),
  z.looseObject({
    type: z.literal('input_audio'),
    // OpenAI accepts wav and mp3; vLLM whatever it can decode.
    input_audio: z.looseObject({ data: z.string(), format: z.string() }),
    prompt_cache_breakpoint,
  }),
  z.looseObject({
    type: z.literal('file'),
    file: z.looseObject({ file_data: text, file_id: text, filename: text }),
    prompt_cache_breakpoint,
  }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
)

const content = z.union([z.string(), z.array(ContentPartSchema)])
const call = z.looseObject({ name: z.string(), arguments: z.string() })

const ToolCallSchema = tagged(
  z.looseObject({ type: z.literal('function'), id: z.string(), function: call }),
  z.looseObject({
    type: z.literal('custom'),
    id: z.string(),
    custom: z.looseObject({ name: z.string(), input: z.string() }),
  }),
)

export const MessageSchema = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('developer'), content, name: text }),
  z.looseObject({ role: z.literal('system'), content, name: text }),
  z.looseObject({ role: z.literal('user'), content, name: text }),
  z.looseObject({
    role: z.literal('assistant'),
    content: z.nullish(content),
    name: text,
    refusal: text,
    tool_calls: z.nullish(z.array(ToolCallSchema)),
    function_call: z.nullish(call),
    audio: z.nullish(z.looseObject({ id: z.string() })),
  }),
  z.looseObject({ role: z.literal('tool'), content, tool_call_id: z.string(), name: text }),
  z.looseObject({ role: z.literal('function'), content: z.nullable(content), name: z.string() }),
])
