import { asError } from '../../util/as-error.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import type { EngineErrors } from '../../wire/errors/engine-errors.ts'

/**
 * What an engine's code threw, as an `ApiError`: one that it threw itself stays as it is. Anything else
 * becomes a 502 that tells a client nothing but the engine's label; the log line has its message.
 */
export function engineFailure(label: string, thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  return new ApiError(502, `${label} failed while answering; the log of sluice says why.`, {
    code: 'engine_error',
    evidence: 'answered',
    cause: asError(thrown),
  })
}

/** The error (502) for a value that means nothing; `did` is `yielded` or `returned`. */
export function badValue(
  errors: EngineErrors,
  did: string,
  value: unknown,
  expected: string,
): ApiError {
  return errors.invalid(`${did} ${shown(value)}; expected ${expected}`)
}

/** A value in a few words: of an object only its field names, as its values may be part of a prompt. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') {
    const names = Object.keys(value).slice(0, 8)
    return names.length === 0 ? 'an object without fields' : `an object with ${names.join(', ')}`
  }
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') return 'a text'
  return `the ${typeof value} ${String(value)}`
}
