import { parseJson } from './parse-json.ts'

/** Whether a parsed JSON value is an object: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a JSON object; undefined for text that is not JSON or holds another value. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
