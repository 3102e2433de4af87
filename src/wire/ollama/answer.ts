/**
 * Answers of Ollama's `/api/chat` and `/api/generate`: the lines of a stream, and whole answers, which
 * are written as its last line is. Source: `api/types.go` of Ollama, where every count and duration may
 * be left out.
 */

/** A call as Ollama writes it: whole, with its arguments as an object. */
export interface AnsweredCall {
  id: string
  function: { index: number; name: string; arguments: unknown }
}

/** Durations are nanoseconds. */
export interface OllamaMetrics {
  total_duration?: number
  load_duration?: number
  prompt_eval_count?: number
  prompt_eval_duration?: number
  eval_count?: number
  eval_duration?: number
}

export interface OllamaAnswer extends OllamaMetrics {
  model: string
  /** RFC 3339. */
  created_at: string
  /** Of `/api/chat`. */
  message?: { role: string; content: string; thinking?: string; tool_calls?: AnsweredCall[] }
  /** Of `/api/generate`. */
  response?: string
  thinking?: string
  logprobs?: unknown[]
  done: boolean
  /** `stop`, `length`, `load` or `unload`. */
  done_reason?: string
}

/** The content type of a stream: one JSON object per line. */
export const NDJSON = 'application/x-ndjson'
