/** Which texts of a request must never be shown. */
import { PRIVATE_HEADER, PRIVATE_PARAMETER } from '../../recording/mask.ts'

/**
 * Shorter values are placeholders, such as `none` or `ollama`, that programs send to servers without keys:
 * masking such a word would garble every text that has it.
 */
const MIN_LENGTH = 8

/** The keys that a request presents, in whatever place, as far as they could be recognized elsewhere in it. */
export function secretsIn(headers: Headers, url: string): Set<string> {
  const values: string[] = []
  for (const [name, value] of headers) {
    if (!PRIVATE_HEADER.test(name)) continue
    values.push(value, value.replace(/^\S+ +/, ''))
  }
  for (const [name, value] of URL.parse(url)?.searchParams ?? []) {
    if (PRIVATE_PARAMETER.test(name)) values.push(value)
  }
  return new Set(values.filter(({ length }) => length >= MIN_LENGTH))
}
