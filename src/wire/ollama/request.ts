/**
 * Requests of Ollama's `/api/chat` and `/api/generate`. Names and types are those of `api/types.go` in
 * Ollama 0.12, and wider where clients are known to send more. An optional field may be null. Only the
 * fields that sluice itself uses are checked: an Ollama upstream gets the request as it came.
 */
import * as z from 'zod/mini'
import { dictionary } from '../chat/request.ts'
import { requireSpelling } from '../json/other-case.ts'
import { flag, text } from '../validation/fields.ts'
import { checking, invalid } from '../validation/invalid.ts'

/** A call of a tool. Only newer versions have ids. */
export interface OllamaToolCall {
  id?: string | null
  /** `arguments` is an object; some clients send its JSON text. */
  function: { name: string; arguments?: Record<string, unknown> | string | null }
}

export interface OllamaMessage {
  /** `system`, `user`, `assistant` or `tool`, in any case. */
  role: string
  content?: string | null
  thinking?: string | null
  /** Base64 of images, without a `data:` prefix. */
  images?: string[] | null
  tool_calls?: OllamaToolCall[] | null
  /** Of a tool's result: the name of the tool, and the id of the call. */
  tool_name?: string | null
  tool_call_id?: string | null
  [field: string]: unknown
}

/** Sampling and loading parameters by their names in a Modelfile. */
export interface OllamaOptions {
  /** The most tokens of the answer; no limit if it is 0 or less. */
  num_predict?: number | null
  stop?: string | string[] | null
  [name: string]: unknown
}

export type ThinkLevel = 'low' | 'medium' | 'high' | 'max'

/** What both requests have. */
export interface OllamaRequest {
  model?: string | null
  /** True by default. */
  stream?: boolean | null
  /** `json`, or a JSON schema. */
  format?: '' | 'json' | Record<string, unknown> | null
  options?: OllamaOptions | null
  think?: boolean | ThinkLevel | null
  /** Seconds, or a duration such as `5m`; negative for ever, 0 to unload the model at once. */
  keep_alive?: number | string | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  /** Returns the prompt instead of asking the model. */
  _debug_render_only?: boolean | null
  [field: string]: unknown
}

/** The body of `POST /api/chat`. */
export interface OllamaChatRequest extends OllamaRequest {
  /** Without any, the model is only loaded. */
  messages?: OllamaMessage[] | null
  tools?: { type?: string | null; function: { name: string }; [field: string]: unknown }[] | null
}

/** The body of `POST /api/generate`. */
export interface OllamaGenerateRequest extends OllamaRequest {
  /** If it is empty, the model is only loaded. */
  prompt?: string | null
  /** The text that comes after the requested one. */
  suffix?: string | null
  system?: string | null
  images?: string[] | null
  /** A template in Go's syntax instead of the model's own. */
  template?: string | null
  /** Whether the prompt is used as it is, without a template. */
  raw?: boolean | null
  /** The tokens of a conversation, from an earlier answer. */
  context?: number[] | null
}

const images = z.nullish(z.array(z.string()))

const shared = {
  model: text,
  stream: flag,
  format: z.nullish(z.union([z.enum(['', 'json']), dictionary])),
  options: z.nullish(
    z.looseObject({
      num_predict: z.nullish(z.number()),
      stop: z.nullish(z.union([z.string(), z.array(z.string())])),
    }),
  ),
  think: z.nullish(z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])])),
  keep_alive: z.nullish(z.union([z.number(), z.string()])),
  logprobs: flag,
  top_logprobs: z.nullish(z.number()),
  _debug_render_only: flag,
}

const calledFunction = {
  name: z.string(),
  arguments: z.nullish(z.union([dictionary, z.string()])),
}

const toolCall = { id: text, function: z.looseObject(calledFunction) }

const message = {
  role: z.string(),
  content: text,
  thinking: text,
  images,
  tool_calls: z.nullish(z.array(z.looseObject(toolCall))),
  tool_name: text,
  tool_call_id: text,
}

const chat = {
  ...shared,
  messages: z.nullish(z.array(z.looseObject(message))),
  tools: z.nullish(
    z.array(z.looseObject({ type: text, function: z.looseObject({ name: z.string() }) })),
  ),
}

export const OllamaChatRequestSchema = z.looseObject(chat)

const generate = {
  ...shared,
  prompt: text,
  suffix: text,
  system: text,
  images,
  template: text,
  raw: flag,
  context: z.nullish(z.array(z.number())),
}

export const OllamaGenerateRequestSchema = z.looseObject(generate)

/** The names of the fields that count, of which no other spelling is forwarded. */
const FIELDS = {
  chat: new Set(Object.keys(chat)),
  generate: new Set(Object.keys(generate)),
  message: new Set(Object.keys(message)),
  toolCall: new Set(Object.keys(toolCall)),
  calledFunction: new Set(Object.keys(calledFunction)),
}

/** The request in a parsed body, checked. Throws an `ApiError` (400) that names the wrong field. */
export function parseOllamaChat(body: unknown): OllamaChatRequest {
  const request = checked(OllamaChatRequestSchema, body) as OllamaChatRequest
  requireSpelling(request, FIELDS.chat)
  for (const [index, each] of (request.messages ?? []).entries()) {
    const path = () => `messages[${index}].`
    requireSpelling(each, FIELDS.message, path)
    for (const [at, call] of (each.tool_calls ?? []).entries()) {
      const callPath = () => `${path()}tool_calls[${at}].`
      requireSpelling(call, FIELDS.toolCall, callPath)
      requireSpelling(call.function, FIELDS.calledFunction, () => `${callPath()}function.`)
    }
  }
  return request
}

/** The same for `POST /api/generate`. */
export function parseOllamaGenerate(body: unknown): OllamaGenerateRequest {
  const request = checked(OllamaGenerateRequestSchema, body) as OllamaGenerateRequest
  requireSpelling(request, FIELDS.generate)
  return request
}

/** Returns the same object, so that no field is lost. */
function checked(schema: z.ZodMiniType, body: unknown): unknown {
  const { error } = z.safeParse(schema, body, checking)
  if (error !== undefined) throw invalid(error.issues, body)
  return body
}

/** Whether the answer is a stream, which it is unless the request says otherwise. */
export function isStreamed({ stream }: OllamaRequest): boolean {
  return stream !== false
}

/** A duration of nothing, as Go writes it: `0`, `0s`, `0m0s`. */
const NOTHING = /^[+-]?0+(\.0*)?$|^[+-]?(0+(\.0*)?(ns|us|µs|ms|s|m|h))+$/

/** Whether the model is to be unloaded after the request. */
export function unloads({ keep_alive: time }: OllamaRequest): boolean {
  return typeof time === 'string' ? NOTHING.test(time) : time === 0
}
