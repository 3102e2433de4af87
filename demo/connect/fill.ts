/** Fills the user's own values into the lines of the documentation. */

/** What stands there in place of what differs from user to user. */
export const PLACEHOLDERS = {
  url: 'http://127.0.0.1:8787',
  key: 'YOUR_KEY',
  model: 'my-model',
}

export type Values = typeof PLACEHOLDERS

/** The text with these values in place of the placeholders. */
export function fill(text: string, values: Values): string {
  return text
    .replaceAll(PLACEHOLDERS.url, () => values.url)
    .replaceAll(PLACEHOLDERS.key, () => values.key)
    .replaceAll(PLACEHOLDERS.model, () => values.model)
}

/** Characters that mean nothing to a shell, in JSON, in YAML and in a string of a program. */
const PLAIN = /^[\w./:@+~][\w./:@+~-]*$/

/**
 * Whether a value may stand in lines for a shell. The names of models come from servers, and a name such as
 * `x; rm -rf ~` is not to be copied into a terminal.
 */
export function isPlain(value: string): boolean {
  return PLAIN.test(value)
}
