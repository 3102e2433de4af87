/**
 * The items of a conversation in OpenAI's Responses API: messages, calls, their outputs and reasoning.
 * Names and types are those of its OpenAPI description 2.3.0. Unknown fields are passed on.
 */

import * as z from 'zod/mini'
import { isObject } from '../../util/object.ts'
import { tagged } from '../chat/message.ts'
import { dictionary } from '../chat/request.ts'
import { text } from '../validation/fields.ts'
import { ToolSchema } from './tools.ts'

/** A part of a message or of a call's output: `input_text`, `output_text`, `input_image`, … */
export interface ResponsePart {
  type: string
  text?: string
  [field: string]: unknown
}

/** A message of the user, the system or the model. */
export interface MessageItem {
  type: 'message'
  id: string
  role: 'user' | 'assistant' | 'system' | 'developer'
  content: ResponsePart[]
  [field: string]: unknown
}

/** A call of a tool, by the model. */
export interface FunctionCallItem {
  type: 'function_call'
  id: string
  /** The output of the call refers to it by this id. */
  call_id: string
  name: string
  /** JSON text as the model wrote it, which may be invalid. */
  arguments: string
  [field: string]: unknown
}

/** What a called tool returned; `call_id` names the call. */
export interface FunctionCallOutputItem {
  type: 'function_call_output'
  id: string
  /** Absent where a tool reports something that no model requested. */
  call_id?: string | null
  name?: string | null
  output: string | ResponsePart[]
  [field: string]: unknown
}

/** The model's reasoning: verbatim (`content`) or summarised (`summary`). */
export interface ReasoningItem {
  type: 'reasoning'
  id: string
  summary: { type: string; text: string }[]
  content?: { type: string; text: string }[]
  encrypted_content?: string | null
  [field: string]: unknown
}

/** An item of a conversation, complete with its id. */
export type ResponseItem = MessageItem | FunctionCallItem | FunctionCallOutputItem | ReasoningItem

/** Refers to a stored item. */
export interface ItemReference {
  type: 'item_reference'
  id: string
}

const PartSchema = tagged(
  z.looseObject({ type: z.literal('input_text'), text: z.string() }),
  z.looseObject({ type: z.literal('output_text'), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.looseObject({
    type: z.literal('input_image'),
    image_url: text,
    file_id: text,
    detail: z.nullish(z.enum(['auto', 'low', 'high', 'original'])),
  }),
  z.looseObject({
    type: z.literal('input_file'),
    file_data: text,
    file_id: text,
    file_url: text,
    filename: text,
  }),
  z.looseObject({
    type: z.literal('input_audio'),
    input_audio: z.looseObject({ data: z.string(), format: z.string() }),
  }),
)

const content = z.union([z.string(), z.array(PartSchema)])
const thoughts = z.nullish(z.array(z.looseObject({ text: z.string() })))

const ITEMS: Record<string, z.ZodMiniType> = {
  message: z.looseObject({
    id: text,
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content,
  }),
  function_call: z.looseObject({
    id: text,
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  function_call_output: z.looseObject({ id: text, call_id: text, name: text, output: content }),
  reasoning: z.looseObject({
    id: text,
    summary: thoughts,
    content: thoughts,
    encrypted_content: text,
  }),
  item_reference: z.looseObject({ id: z.string() }),
  ...ofOtherTools(),
}

/** Calls of tools other than functions, their results, and other items that hold tools. */
function ofOtherTools(): Record<string, z.ZodMiniType> {
  const named = { id: text, call_id: z.string() }
  const mayBeNamed = { id: text, call_id: text }
  const tools = z.array(ToolSchema)
  const shellOutput = z.union([z.string(), z.array(dictionary)])
  return {
    custom_tool_call: z.looseObject({ ...named, name: z.string(), input: z.string() }),
    custom_tool_call_output: z.looseObject({ ...named, output: content }),
    // An older form has the id of the call in `id`.
    local_shell_call: z.looseObject({ ...mayBeNamed, action: dictionary }),
    local_shell_call_output: z.looseObject({ ...mayBeNamed, output: z.string() }),
    shell_call: z.looseObject({ ...named, action: dictionary }),
    shell_call_output: z.looseObject({ ...named, output: shellOutput }),
    apply_patch_call: z.looseObject({ ...named, operation: dictionary }),
    apply_patch_call_output: z.looseObject({ ...named, output: text }),
    computer_call: z.looseObject(named),
    computer_call_output: z.looseObject({ ...named, output: dictionary }),
    tool_search_call: z.looseObject(mayBeNamed),
    tool_search_output: z.looseObject({ ...mayBeNamed, tools }),
    additional_tools: z.looseObject({ id: text, tools }),
    compaction: z.looseObject({ id: text, encrypted_content: text }),
    mcp_call: z.looseObject({
      id: z.string(),
      name: z.string(),
      server_label: z.string(),
      arguments: z.string(),
    }),
  }
}

/** The types of items that are checked. */
export const itemTypes = Object.keys(ITEMS)

/** The schema for an item of `input`. Items of unknown types are a server's own, and pass. */
export function itemSchema(item: Record<string, unknown>): z.ZodMiniType {
  const type = typeOf(item)
  const isKnown = typeof type === 'string' && Object.hasOwn(ITEMS, type)
  return isKnown ? (ITEMS[type] as z.ZodMiniType) : OtherItem
}

const OtherItem = z.looseObject({ type: z.string(), id: text })

/** A message may omit its type, and so may a reference, which has only an id. */
function typeOf(item: Record<string, unknown>): unknown {
  const isReference = 'id' in item && !('role' in item) && !('content' in item)
  return item.type ?? (isReference ? 'item_reference' : 'message')
}

/** Completes a checked item of `input`: adds its type, its content as parts, and an id if it has none. */
export function completeItem(item: unknown, id: string): ResponseItem | ItemReference {
  const given = isObject(item) ? item : {}
  const type = typeOf(given)
  const whole = { ...given, type, id: given.id ?? id }
  if (type === 'reasoning') return { ...whole, summary: given.summary ?? [] } as ReasoningItem
  if (type !== 'message') return whole as FunctionCallItem
  const kind = given.role === 'assistant' ? 'output_text' : 'input_text'
  const parts =
    typeof given.content === 'string' ? [{ type: kind, text: given.content }] : given.content
  return { status: 'completed', ...whole, content: parts } as unknown as MessageItem
}
