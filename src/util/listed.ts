/**
 * Words as a part of a sentence.
 *
 * @example
 * listed(['Bun', 'Deno', 'Node']) // 'Bun, Deno and Node'
 */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
