/** Types for the parts of web-llm 0.2.86 that are used here. The package itself is 7 MB. */
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'

/** The part of web-llm's `MLCEngine` that is used here. */
export interface Mlc {
  /** Replaces the loaded model. Also resolves where `unload` aborted it. */
  reload(model: string, options?: MlcLoadOptions): Promise<void>
  unload(): Promise<void>
  setAppConfig(config: { model_list: ModelRecord[] }): void
  setInitProgressCallback(report: (progress: MlcProgress) => void): void
  chatCompletion(request: MlcChatRequest): Promise<AsyncIterable<MlcChunk>>
  completion(request: MlcTextRequest): Promise<AsyncIterable<MlcTextChunk>>
  embedding(request: { input: EmbeddingRequest['input']; model: string }): Promise<MlcEmbeddings>
}

/** What stands in place of the model's own configuration and of its record's `overrides`. */
export interface MlcLoadOptions {
  /** Tokens. */
  context_window_size?: number
  sliding_window_size?: number
}

export interface MlcEmbeddings {
  data: { embedding: number[]; index: number }[]
  usage: { prompt_tokens: number; total_tokens: number; [field: string]: unknown }
}

export interface MlcProgress {
  /** From 0 to 1. */
  progress: number
  /** Seconds. */
  timeElapsed: number
  text: string
}

/** `model_type` of an embedding model. */
export const EMBEDDING_TYPE = 1

/** One model, as web-llm's `model_list` has it. */
export interface ModelRecord {
  /** The URL of its weights' directory, in the form of a Hugging Face repository. */
  model: string
  model_id: string
  /** The URL of its compiled library. */
  model_lib: string
  overrides?: { context_window_size?: number; [option: string]: unknown }
  vram_required_MB?: number
  low_resource_required?: boolean
  buffer_size_required_bytes?: number
  required_features?: string[]
  /** 0: chat model, 1: embedding model, 2: vision model. */
  model_type?: number
  /** The file that describes the parts of the model, for models of web-llm's newer form. */
  model_manifest?: string
  /** Our addition: shorter lengths to which an embedding model's vectors may be truncated. */
  embedding_dimensions?: number[]
  /** Our addition: the family whose form of tool calls the model was trained on. */
  tool_form?: string
  [field: string]: unknown
}

export type MlcPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } }

export type MlcMessage =
  | { role: 'system' | 'assistant'; content: string; name?: string }
  | { role: 'user'; content: string | MlcPart[]; name?: string }
  | { role: 'tool'; content: string; tool_call_id: string }

/** The fields that chats and text completions share. */
interface MlcGeneration {
  model: string
  stream: true
  stream_options: { include_usage: true }
  max_tokens?: number | null
  stop?: string | string[] | null
  temperature?: number | null
  top_p?: number | null
  frequency_penalty?: number | null
  presence_penalty?: number | null
  repetition_penalty?: number | null
  logit_bias?: Record<string, number> | null
  seed?: number | null
  ignore_eos?: boolean
}

export interface MlcChatRequest extends MlcGeneration {
  messages: MlcMessage[]
  logprobs?: boolean | null
  top_logprobs?: number | null
  response_format?: MlcResponseFormat | null
  extra_body?: { enable_thinking?: boolean | null }
}

/** web-llm accepts one prompt per request, and does not echo it in a stream. */
export interface MlcTextRequest extends MlcGeneration {
  prompt: string
}

export type MlcResponseFormat =
  | { type: 'text' }
  | { type: 'json_object'; schema?: string }
  | { type: 'grammar'; grammar: string }
  | { type: 'structural_tag'; structural_tag: object }

interface MlcAnswer {
  id: string
  created: number
  model: string
  usage?: {
    prompt_tokens: number
    completion_tokens: number
    total_tokens: number
    [field: string]: unknown
  }
}

/** A chunk of web-llm: every delta has a role, and the id is a bare UUID. */
export interface MlcChunk extends MlcAnswer {
  choices: {
    index: number
    delta: { role?: string; content?: string | null; tool_calls?: unknown[] }
    finish_reason: string | null
    logprobs?: unknown
  }[]
}

export interface MlcTextChunk extends MlcAnswer {
  choices: { index: number; text: string; finish_reason: string | null }[]
}
