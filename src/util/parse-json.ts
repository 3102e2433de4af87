/**
 * `JSON.parse`, without a fault of V8: there, an object with the key `\` makes later objects with the same keys
 * before it get that key in place of an escaped one, such as `"\n"` (bench/upstream-reports/node-json-key). So one
 * client of a server could rename what another one sends. `JSON.parse` therefore sees no escaped key here.
 */

/**
 * What `JSON.parse` returns, with each key as it is written, whatever was parsed before. Throws a `SyntaxError`.
 *
 * @example
 * parseJson('{"\\n":1}') // { '\n': 1 }
 */
export function parseJson(text: string): unknown {
  const backslash = text.indexOf('\\')
  const isEscaped = backslash !== -1 && hasEscapedKey(text, backslash)
  return isEscaped ? parseRenamed(text) : JSON.parse(text)
}

/** Whether a key has an escape, of those that end behind this backslash, the first in its string. */
function hasEscapedKey(text: string, backslash: number): boolean {
  for (let at = backslash; at !== -1; ) {
    const end = endOfString(text, at) + 1
    if (end === 0) return false
    if (isKey(text, end)) return true
    at = text.indexOf('\\', end)
  }
  return false
}

/** Whether the string that ends before `end` is a key. */
function isKey(text: string, end: number): boolean {
  return text[skipSpace(text, end)] === ':'
}

/**
 * The index of the quote that ends a string; -1 if none does. `start`: where its first quote is, or its first backslash.
 */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (quote !== -1) {
    let first = quote
    while (first > start && text[first - 1] === '\\') first--
    if ((quote - first) % 2 === 0) return quote
    quote = text.indexOf('"', quote + 1)
  }
  return -1
}

/** White space of JSON: https://www.rfc-editor.org/rfc/rfc8259#section-2 */
function skipSpace(text: string, start: number): number {
  let at = start
  while (SPACE.includes(text[at] ?? '-')) at++
  return at
}

const SPACE = ' \n\r\t'

/**
 * Parses the text with other keys in place of the escaped ones: with what they mean, where that needs no escape, as the
 * same key may be in the text without one; else with a name for which the key is put into the value. Strings are looked
 * for from the beginning on, as what takes the place of something else could make JSON of what is none.
 */
function parseRenamed(text: string): unknown {
  const prefix = crypto.randomUUID()
  const names = new Map<string, string>()
  let renamed = ''
  let copied = 0
  for (let open = text.indexOf('"'); open !== -1; ) {
    const end = endOfString(text, open) + 1
    if (end === 0) break
    const key = isKey(text, end) ? text.slice(open, end) : ''
    if (key.includes('\\')) {
      // A string by itself has no key.
      const meant = JSON.parse(key) as string
      const isPlain = JSON.stringify(meant) === `"${meant}"`
      const name = isPlain ? meant : `${prefix}${names.size}`
      if (!isPlain) names.set(name, meant)
      renamed += `${text.slice(copied, open)}"${name}"`
      copied = end
    }
    open = text.indexOf('"', end)
  }
  const value: unknown = JSON.parse(renamed + text.slice(copied))
  return names.size === 0 ? value : withNames(value, names)
}

/** The value with these keys instead, in their order. Arrays are changed in place. */
function withNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) value[at] = withNames(value[at], names)
    return value
  }
  const named: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    setField(named, names.get(key) ?? key, withNames(item, names))
  }
  return named
}

/** Defined instead of assigned, so that `__proto__` becomes an own property. */
export function setField(fields: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') fields[key] = value
  else Object.defineProperty(fields, key, { value, ...FIELD })
}

const FIELD = { configurable: true, enumerable: true, writable: true }
