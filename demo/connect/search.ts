import type { ClientPage } from './client-page.ts'

const APIS: Record<string, string> = {
  chat: 'OpenAI chat completions',
  completions: 'OpenAI completions',
  responses: 'OpenAI Responses',
  messages: 'Anthropic Messages',
  ollama: 'Ollama',
}

/** An API as its makers call it. */
export function apiTitle(id: string): string {
  return Object.hasOwn(APIS, id) ? (APIS[id] as string) : id
}

/** Those whose name, words or APIs hold all words of a search. */
export function searched(all: readonly ClientPage[], search: string): ClientPage[] {
  const words = search.toLowerCase().split(/\s+/)
  return all.filter(({ title, intro, apis }) => {
    const text = [title, intro, ...apis.map(apiTitle)].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
