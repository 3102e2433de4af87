/**
 * At most so many characters of a text, with `…` at the end where it was cut. A character outside the
 * basic plane is not cut in half.
 *
 * @example
 * cut('abc', 2) // 'ab…'
 */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const last = text.charCodeAt(most - 1)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most)}…`
}
