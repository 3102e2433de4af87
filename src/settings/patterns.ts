import * as z from 'zod/mini'
import { matchesPattern } from '../util/matches-pattern.ts'
import type { Item } from './declaration.ts'
import { unexpected } from './error.ts'

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
