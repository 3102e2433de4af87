/** Names of fields that a server written in Go reads as others. */
import { badRequest } from '../errors/api-error.ts'
import { inLowerCase } from './checked-keys.ts'

/**
 * Throws an `ApiError` (400) for a field whose name differs from one of `names` only in case. Go's
 * `encoding/json` takes it for the same field, and of two the later one. `path`: where the object is.
 */
export function requireSpelling(
  fields: object,
  names: ReadonlySet<string>,
  path: () => string = () => '',
): void {
  for (const key in fields) {
    if (names.has(key)) continue
    const name = inLowerCase(key)
    if (!names.has(name)) continue
    const param = path() + name
    const got = JSON.stringify(key)
    throw badRequest(
      `${param}: expected this name in lower case, got ${got}, which some servers read as the same field; write ${JSON.stringify(name)}, or leave it out.`,
      param,
    )
  }
}
