/**
 * A URL out of its text; null where it is none. `URL.parse` does the same, but only from Node 22.1
 * on.
 *
 * @example
 * parseUrl('http://127.0.0.1:8787/v1')?.pathname // '/v1'
 * parseUrl('127.0.0.1') // null
 */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
