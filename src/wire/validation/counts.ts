import { type ApiError, badRequest } from '../errors/api-error.ts'

/** Throws an `ApiError` (400) for more tools in a field than the settings allow. */
export function requireToolLimit(field: string, count: number, most: number): void {
  if (count > most) throw tooManyItems(field, most, count, '--max-tools')
}

/** The `ApiError` (400) for more than the settings allow; `flag` is the one that allows more. */
export function tooManyItems(
  field: string,
  most: number,
  came: number | string,
  flag: string,
): ApiError {
  return badRequest(`${field}: expected at most ${most}, got ${came}; ${flag} allows more.`, field)
}
