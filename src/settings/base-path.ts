import { unexpected } from './error.ts'

/** The prefix, empty for none. The API's own paths may not be one: they begin with `/v1`. */
export function readBasePath(value: unknown): string {
  if (value === '' || value === '/') return ''
  const isPath = typeof value === 'string' && /^(\/[\w~-][\w.~-]*)+$/.test(value)
  if (isPath && !/^\/v1(\/|$)/.test(value)) return value
  const expected = 'a path such as "/ai", which does not end with "/" and is not "/v1"'
  throw unexpected('basePath', expected, value)
}
