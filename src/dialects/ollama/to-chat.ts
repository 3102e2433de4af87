/** Translates the requests of Ollama's API to requests for a chat or a text completion. */
import { type ChatRequest, parseChatRequest } from '../../wire/chat/request.ts'
import type { TextRequest } from '../../wire/completions/request.ts'
import {
  isStreamed,
  type OllamaChatRequest,
  type OllamaGenerateRequest,
  type OllamaRequest,
} from '../../wire/ollama/request.ts'
import { imagePart } from './images.ts'
import { contentOf, toChatMessages } from './messages.ts'
import { optionalFieldsOf, optionFields } from './options.ts'

/** Fields that a second try leaves out if a server refuses them. */
export function optionalFields({ options }: OllamaRequest): string[] {
  return ['chat_template_kwargs', 'reasoning_effort', ...optionalFieldsOf(options)]
}

/** The chat for `POST /api/chat`. Throws an `ApiError` (400) for a wrong image. */
export function chatRequest(request: OllamaChatRequest): ChatRequest {
  const tools = request.tools?.map((tool) => ({ ...tool, type: tool.type ?? 'function' }))
  return parseChatRequest({
    ...sharedFields(request),
    messages: toChatMessages(request.messages ?? []),
    ...(tools?.length && { tools }),
  })
}

/** The chat for `POST /api/generate`, which has one turn. Throws an `ApiError` (400) for a wrong image. */
export function promptChat(request: OllamaGenerateRequest): ChatRequest {
  const { system, prompt, images } = request
  const parts = (images ?? []).map((image, index) => imagePart(image, `images[${index}]`))
  return parseChatRequest({
    ...sharedFields(request),
    messages: [
      ...(system ? [{ role: 'system', content: system }] : []),
      { role: 'user', content: contentOf(prompt ?? '', parts) },
    ],
  })
}

/** The text completion for a prompt that no template is applied to. */
export function textRequest(request: OllamaGenerateRequest): TextRequest {
  const { prompt, suffix } = request
  return {
    ...commonFields(request),
    prompt: prompt ?? '',
    ...(suffix && { suffix }),
  }
}

function commonFields(request: OllamaRequest) {
  const { model, options } = request
  return {
    ...optionFields(options),
    ...(model && { model }),
    ...(isStreamed(request) && { stream: true, stream_options: { include_usage: true } }),
  }
}

function sharedFields(request: OllamaRequest): Record<string, unknown> {
  const { logprobs, top_logprobs: top } = request
  return {
    ...commonFields(request),
    ...formatFields(request),
    ...thinkFields(request),
    ...(logprobs && { logprobs, ...(top && { top_logprobs: top }) }),
  }
}

function formatFields({ format }: OllamaRequest) {
  if (!format) return {}
  if (format === 'json') return { response_format: { type: 'json_object' } }
  const json_schema = { name: 'answer', schema: format, strict: true }
  return { response_format: { type: 'json_schema', json_schema } }
}

/** Whether and how much to think, in the fields of llama-server, vLLM, SGLang and Ollama. */
function thinkFields({ think }: OllamaRequest) {
  if (think === undefined || think === null) return {}
  const effort = think === false ? 'none' : think
  return {
    chat_template_kwargs: { enable_thinking: think !== false },
    ...(effort !== true && { reasoning_effort: effort }),
  }
}
