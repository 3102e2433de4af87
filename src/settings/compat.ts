/** The programs in whose place a server also listens. */
import * as z from 'zod/mini'
import type { Item } from './declaration.ts'
import { unexpected } from './error.ts'

/** The port at which Ollama's clients look for it. */
const OLLAMA_PORT = 11_434

const FORM = /^ollama(?:=(\d{1,5}))?$/

export const compatItem: Item<string, string> = {
  schema: () => z.string(),
  read(item, shownAs) {
    const given = typeof item === 'string' ? item.trim() : ''
    const port = FORM.exec(given)?.[1]
    if (FORM.test(given) && Number(port ?? 0) <= 65_535) return given
    throw unexpected(shownAs, 'ollama, or ollama=PORT for another port than 11434', item)
  },
}

/** The port to listen on as Ollama; undefined where that is not asked for. */
export function ollamaPort({ compat: [asked] }: { compat: readonly string[] }): number | undefined {
  if (asked === undefined) return undefined
  return Number(FORM.exec(asked)?.[1] ?? OLLAMA_PORT)
}
