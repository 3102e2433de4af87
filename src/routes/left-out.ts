/** What a handler says of the parts that it is composed without. One with all parts has nothing of this. */
import { WITH_ALL } from '../settings/left-out.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { type PartName, partAt } from './part-names.ts'

export interface LeftOut {
  /** The part with the routes at a path below the base; undefined where the handler has it, or where no part has them. */
  partAt(path: string): PartName | undefined
  /** Whether only known callers are told which part has that path. */
  isSecret(path: string): boolean
  /** The error (404) for that path, which was `asked` with the base. Undefined where it is of no such part. */
  refusal(method: string, asked: string, path: string): ApiError | undefined
}

/** The parts whose routes anyone may ask. */
const OPEN_PARTS: readonly PartName[] = ['health', 'pages']

export function leftOutOf(has: (name: string) => boolean): LeftOut {
  const missing = (path: string) => {
    const name = partAt(path)
    return name !== undefined && has(name) ? undefined : name
  }
  return {
    partAt: missing,
    isSecret(path) {
      const part = missing(path)
      return part !== undefined && !OPEN_PARTS.includes(part)
    },
    refusal(method, asked, path) {
      const part = missing(path)
      if (part === undefined) return undefined
      const message = `path: there is no route ${method} ${asked}: this server is composed without the part "${part}", to which such paths belong; deploy ${WITH_ALL} instead, which has all parts, or add this one to the parts that you compose.`
      return new ApiError(404, message, { code: 'not_found' })
    },
  }
}
