/**
 * A text without the characters `end` at its end. Linear, unlike the regular expression for it, which
 * searches the end anew from each of them.
 *
 * @example
 * withoutTrailing('/', '/v1//') // '/v1'
 */
export function withoutTrailing(end: string, text: string): string {
  let length = text.length
  while (length > 0 && text[length - 1] === end) length--
  return text.slice(0, length)
}
