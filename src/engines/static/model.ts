import { type ApiError, badRequest } from '../../wire/errors/api-error.ts'

export interface StaticSettings {
  /** The answer to every request. */
  staticText: string
  /** Milliseconds between two words. */
  staticDelay: number
}

/** The name of the static engine's only model. */
export const STATIC_MODEL = 'static'

/**
 * The `ApiError` (400) for an option that a fixed text can't honour, which is refused, not ignored.
 */
export function unsupported(field: string, what: string): ApiError {
  return badRequest(
    `${field}: the model "static" sends a fixed text and can't produce ${what}; remove the field or name another model.`,
    field,
  )
}
