import { errorText } from '../../util/safe/error-text.ts'
import type { FinishReasonMeaning } from '../contract/finish-reason.ts'
import { ApiError } from './api-error.ts'
import type { ReportedError } from './reported-error.ts'

export interface EngineErrorOptions {
  /** The engine's name in every message. */
  label: string
  /** The prefix of the error codes: `upstream_truncated`. */
  source?: 'upstream' | 'engine'
  /** Texts to remove from an engine's messages: its key, its address. */
  secrets?: readonly string[]
}

/** Creates the errors that end an engine's answer, each an `ApiError` (502; 529 for an overloaded engine). */
export class EngineErrors {
  readonly #options: EngineErrorOptions

  constructor(options: EngineErrorOptions) {
    this.#options = options
  }

  /** The engine broke the contract: `did` completes "{label} …". */
  invalid(did: string, cause?: unknown): ApiError {
    return this.#broken('invalid', did, cause)
  }

  /** The engine reported an error. */
  failed({ message, type = 'server_error', code, details = {} }: ReportedError): ApiError {
    const text = `${this.#options.label} failed while answering: ${this.redact(message)}`
    // 529 is Anthropic's status for this: clients wait longer after it than after a 502.
    const status = type === 'overloaded_error' ? 529 : 502
    return new ApiError(status, text, {
      type,
      code: code ?? this.#code('error'),
      isReported: code != null,
      details,
      evidence: 'answered',
    })
  }

  /** The answer ended before its finish reason; `did` completes "{label} …". */
  unfinished(what: 'incomplete' | 'truncated', did: string): ApiError {
    return this.#broken(what, did)
  }

  /** A choice ended with a reason that is an error. */
  badFinish(meaning: Exclude<FinishReasonMeaning, { kind: 'reason' }>): ApiError {
    if (meaning.kind === 'abort') {
      const message = `${this.#options.label} aborted its answer; the answer is incomplete, so retry the request.`
      return new ApiError(502, message, { code: 'engine_aborted' })
    }
    if (meaning.kind === 'error') return this.failed({ message: 'its finish_reason is "error".' })
    return this.invalid(`sent an unknown finish_reason (${meaning.shown})`)
  }

  /** An engine's message as a client may see it. */
  redact(words: string): string {
    return errorText(words, this.#options.secrets)
  }

  #code(what: string): string {
    return `${this.#options.source ?? 'upstream'}_${what}`
  }

  #broken(what: string, did: string, cause?: unknown): ApiError {
    const message = `${this.#options.label} ${did}; the answer is incomplete.`
    return new ApiError(502, message, { code: this.#code(what), cause })
  }
}
