/** One request, as the log tells it. */
export interface LogEntry {
  /** ISO 8601, when it arrived. */
  time: string
  /** The response's `x-request-id`. */
  id: string
  method: string
  path: string
  status: number
  durationMs: number
  /** How it ended. `ok` and `refused` are answers without a stream. */
  outcome: 'ok' | 'refused' | 'finished' | 'failed' | 'cancelled'
  model?: string
  /** The engine that answered, or the last that failed. */
  engine?: string
  /**
   * Where several engines serve the model: whether the conversation was `kept` at the engine that
   * answered it before, was `moved` away from it, or is `new`.
   */
  affinity?: 'new' | 'kept' | 'moved'
  /** The name of the key that was presented. */
  key?: string
  /**
   * What decided on its limits while the store that instances share was away: this instance's share of
   * them, or no limits.
   */
  statePolicy?: 'local' | 'open'
  /** How often an engine was asked, if more than once, and how the attempts before the last failed. */
  attempts?: number
  failures?: string[]
  /** From the request's arrival to the first chunk with a token. */
  firstTokenMs?: number
  /** Completion tokens, as the engine counted them. */
  tokens?: number
  /** Tokens of what it read, as it counted them. */
  promptTokens?: number
  /** An error's code. */
  code?: string
  /** The field that a refusal names, as a path: `messages[0].role`. */
  param?: string
  /**
   * Why it was refused, without any value that was received; an upstream's words are left out. A request
   * that an engine failed to answer has none.
   */
  message?: string
  /** What the contract repaired in the engine's stream: `done`, `role`, … */
  repaired?: string[]
  /** @deprecated The same as `repaired`, under its former name, for one release. */
  mended?: string[]
  /** The types of tools, items and blocks that were left out: `web_search`, … */
  omittedTools?: string[]
  /** What failed underneath, for the person who runs the server. Never sent to a client. */
  cause?: string
}
