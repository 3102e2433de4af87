import { type ApiError, badRequest } from '../../wire/errors/api-error.ts'

export interface StaticSettings {
  /** What it answers, whatever is asked. */
  staticText: string
  /** Milliseconds between two words. */
  staticDelay: number
}

/** The model it serves, and the only name it goes by. */
export const STATIC_MODEL = 'static'

/** What a fixed text can't honour is refused rather than ignored. */
export function unable(field: string, what: string): ApiError {
  return badRequest(
    `${field}: the model "static" sends a fixed text and can't give ${what}.`,
    field,
  )
}
