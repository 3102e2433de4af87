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
