/** The APIs that can be checked. */
import type { Recording } from '../recording/recording.ts'
import { chat } from './dialects/chat.ts'
import { completions } from './dialects/completions.ts'
import type { Dialect } from './dialects/dialect.ts'
import { messages } from './dialects/messages.ts'
import { responses } from './dialects/responses.ts'
import type { DialectName } from './rule.ts'

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  chat,
  completions,
  responses,
  messages,
}

/** The API that a path belongs to; undefined where it ends in none's. */
export function dialectAt(pathname: string): Dialect | undefined {
  const all = Object.values(dialects)
  // A chat's path ends as a completion's does.
  return all.find(({ path }) => pathname.endsWith(path))
}

/** The API that was recorded; a chat where the address does not tell. */
export function dialectOf({ request }: Recording): Dialect {
  return dialectAt(URL.parse(request.url)?.pathname ?? '') ?? chat
}
