import * as z from 'zod/mini'
import type { Item } from './declaration.ts'
import { unexpected } from './error.ts'

/** Whether a name matches a pattern; `*` stands for any characters. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop() ?? ''
  if (!name.startsWith(first) || name.length < first.length + last.length) return false
  if (!name.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

/** Whether one of the patterns matches a model's name. Ollama lists `llama3.2:latest` for what people call `llama3.2`. */
export function namesModel(patterns: readonly string[], name: string): boolean {
  const plain = name.replace(/:latest$/, '')
  const names = [name, plain, `${plain}:latest`]
  return patterns.some((pattern) => names.some((each) => matchesPattern(pattern, each)))
}

/** One of `allowHost`: `sluice.lan`, `*.example.com`, `[fd00::1]`, each with a port or for any. */
function readHostPattern(given: unknown, shownAs: string): string {
  const isHost =
    typeof given === 'string' && /^(\*\.)?[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(given)
  if (isHost) return given.toLowerCase()
  throw unexpected(shownAs, 'a host name, such as sluice.lan or *.example.com', given)
}

/** One of `allowOrigin`: an origin, a pattern of its host, `null` or `*`. */
function readOriginPattern(given: unknown, shownAs: string): string {
  if (given === '*' || given === 'null') return given
  const isOrigin =
    typeof given === 'string' &&
    /^[a-z][a-z\d+.-]*:\/\/(\*\.)?([\w.-]+|\[[\da-f:.]+\])(:(\d+|\*))?$/i.test(given)
  if (isOrigin) return given.toLowerCase()
  throw unexpected(
    shownAs,
    'an origin without a path, such as https://app.example.com or https://*.example.com',
    given,
  )
}

export const hostPatterns: Item<string, string> = {
  schema: () => z.string(),
  read: readHostPattern,
}

export const originPatterns: Item<string, string> = {
  schema: () => z.string(),
  read: readOriginPattern,
}
