/**
 * Whether a text can be the type or the code of an error, as programs compare them: 1 to 100 letters,
 * digits and usual separators. They get into logs and into the metrics of clients.
 *
 * @example
 * isCode('model_not_found') // true
 */
export function isCode(text: unknown): text is string {
  return typeof text === 'string' && /^[\w .:/-]{1,100}$/.test(text)
}
