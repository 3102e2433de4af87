import type { FinishReasonMeaning } from '../contract/finish-reason.ts'
import { ApiError } from './api-error.ts'
import type { ReportedError } from './reported-error.ts'

export interface EngineErrorOptions {
  /** How people know the engine; every message names it. */
  label: string
  /** Error codes begin with it: `upstream_truncated`. */
  source?: 'upstream' | 'engine'
  /** What an engine's own words must not show a client: its key, its address. */
  secrets?: readonly string[]
}

/** Characters of the longest message an engine's words become. */
const MAX_MESSAGE = 500

/** What ends an engine's answer, each as an `ApiError` (502; 529 for an overloaded engine). */
export class EngineErrors {
  readonly #options: EngineErrorOptions

  constructor(options: EngineErrorOptions) {
    this.#options = options
  }

  /** The engine broke the contract: `did` completes "{label} …". */
  invalid(did: string, cause?: unknown): ApiError {
    return this.#broken('invalid', did, cause)
  }

  /** The engine said itself that it failed. */
  failed({ message, type = 'server_error', code, details = {} }: ReportedError): ApiError {
    const text = `${this.#options.label} failed while answering: ${this.redact(message)}`
    // Anthropic's own status for this: clients wait longer after it than after a 502.
    const status = type === 'overloaded_error' ? 529 : 502
    return new ApiError(status, text, {
      type,
      code: code ?? this.#code('error'),
      details,
      evidence: 'answered',
    })
  }

  /** The engine stopped before a finish; `did` is how. */
  unfinished(what: 'incomplete' | 'truncated', did: string): ApiError {
    return this.#broken(what, did)
  }

  /** A choice ended in a way that ends the answer. */
  badFinish(meaning: Exclude<FinishReasonMeaning, { kind: 'reason' }>): ApiError {
    if (meaning.kind === 'abort') {
      const message = `${this.#options.label} aborted its answer; the answer is incomplete, so retry the request.`
      return new ApiError(502, message, { code: 'engine_aborted' })
    }
    if (meaning.kind === 'error') return this.failed({ message: 'its finish_reason is "error".' })
    return this.invalid(`sent an unknown finish_reason (${meaning.shown})`)
  }

  /** An engine's own words, as far as a client may read them. */
  redact(words: string): string {
    let text = words
    for (const secret of this.#options.secrets ?? []) text = text.replaceAll(secret, '…')
    return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text
  }

  #code(what: string): string {
    return `${this.#options.source ?? 'upstream'}_${what}`
  }

  #broken(what: string, did: string, cause?: unknown): ApiError {
    const message = `${this.#options.label} ${did}; the answer is incomplete, so retry the request.`
    return new ApiError(502, message, { code: this.#code(what), cause })
  }
}
