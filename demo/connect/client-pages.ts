/** The clients, from a file that is loaded when they are first shown. */
import { signal } from '@preact/signals'
import type { ClientPage } from './client-page.ts'

export type Clients =
  | { state: 'loading' }
  | { state: 'failed' }
  | { state: 'ready'; all: readonly ClientPage[] }

export const clients = signal<Clients>({ state: 'loading' })

let isAsked = false

/** Loads them, once; again where that failed. */
export async function loadClients(): Promise<void> {
  if (isAsked) return
  isAsked = true
  try {
    const response = await fetch(new URL('./clients.json', document.baseURI))
    if (!response.ok) throw new Error(`${response.status}`)
    clients.value = { state: 'ready', all: (await response.json()) as ClientPage[] }
  } catch {
    isAsked = false
    clients.value = { state: 'failed' }
  }
}

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
