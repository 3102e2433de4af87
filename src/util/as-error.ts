/**
 * A thrown value as an error. Not every value can be made a text: `Object.create(null)` can't.
 *
 * @example
 * asError('no paper').message // 'no paper'
 */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  try {
    return new Error(String(thrown))
  } catch {
    return new Error('a value was thrown that cannot be shown as text')
  }
}
