/** The most characters of an id that sluice repeats. */
const MAX_ID = 256

/**
 * An engine's id for its whole answer, which stands in every chunk: a text of at most 256 characters.
 * Ids that come back to the engine, such as those of tool calls, are not shortened but stay as they are.
 *
 * @example
 * answerId(7) // '7'
 */
export function answerId(id: unknown): string {
  // Not String(id), which throws for an object whose `toString` is no function.
  const text = typeof id === 'string' ? id : JSON.stringify(id)
  return text.slice(0, MAX_ID)
}
