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
  const first = backslash === -1 ? undefined : nextEscapedKey(text, backslash)
  return first === undefined ? JSON.parse(text) : parseRenamed(text, first)
}

/** The start and end of a key, with its quotes. */
interface Key {
  start: number
  end: number
}

/** The first key with an escape, of those that end behind this backslash, the first in its string. */
function nextEscapedKey(text: string, backslash: number): Key | undefined {
  for (let at = backslash; at !== -1; ) {
    const end = endOfString(text, at) + 1
    if (end === 0) return undefined
    if (text[skipSpace(text, end)] === ':') {
      const start = at === 0 ? -1 : text.lastIndexOf('"', at - 1)
      // No string precedes it: this is no JSON.
      return start === -1 ? undefined : { start, end }
    }
    at = text.indexOf('\\', end)
  }
  return undefined
}

/** The index of the quote that ends the string whose first backslash is at `backslash`; -1 if none does. */
function endOfString(text: string, backslash: number): number {
  let quote = text.indexOf('"', backslash + 1)
  while (quote !== -1) {
    let first = quote
    while (first > backslash && text[first - 1] === '\\') first--
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
 * Parses the text with other keys in place of the escaped ones, and puts those into the value. What they mean may not be
 * written in their place: in `{"a":"b"\u002c":1":2}` that would make JSON of what is none.
 */
function parseRenamed(text: string, first: Key): unknown {
  const prefix = crypto.randomUUID()
  const names = new Map<string, string>()
  let renamed = ''
  let end = 0
  for (let key: Key | undefined = first; key !== undefined; ) {
    // A string by itself has no key.
    const meant = JSON.parse(text.slice(key.start, key.end)) as string
    // Objects have the keys that are integers first, wherever they are in the text: of two equal ones, the last counts.
    const name = INTEGER.test(meant) ? meant : `${prefix}${names.size}`
    names.set(name, meant)
    renamed += `${text.slice(end, key.start)}"${name}"`
    end = key.end
    const backslash = text.indexOf('\\', end)
    key = backslash === -1 ? undefined : nextEscapedKey(text, backslash)
  }
  return withNames(JSON.parse(renamed + text.slice(end)), names)
}

const INTEGER = /^\d+$/

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
