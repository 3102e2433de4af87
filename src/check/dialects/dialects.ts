/** The APIs that can be checked. */
import type { Recording } from '../../recording/recording.ts'
import { parseUrl } from '../../util/parse-url.ts'
import type { DialectName } from '../rules/rule.ts'
import { chat } from './chat/dialect.ts'
import { completions } from './completions/dialect.ts'
import type { CheckedApi } from './dialect.ts'
import { messages } from './messages/dialect.ts'
import { responses } from './responses/dialect.ts'

export const dialects: Readonly<Record<DialectName, CheckedApi>> = {
  chat,
  completions,
  responses,
  messages,
}

/** The API that a path belongs to; undefined if it is not the path of any. */
export function dialectAt(pathname: string): CheckedApi | undefined {
  const all = Object.values(dialects)
  // `/chat/completions` also ends with `/completions`, so chat comes first.
  return all.find(({ path }) => pathname.endsWith(path))
}

/** The API that was recorded; chat if the URL does not tell. */
export function dialectOf({ request }: Recording): CheckedApi {
  return dialectAt(parseUrl(request.url)?.pathname ?? '') ?? chat
}
