/**
 * The images of conversations. They are in IndexedDB, as the storage of the conversations is too small for
 * them, and in memory once they have been shown or sent.
 */
import { signal } from '@preact/signals'
import { createStore, delMany, getMany, set } from 'idb-keyval'
import { type Conversation, conversations, type Said } from '../state.ts'

/** `data:` URLs by name; empty for an image that is not stored any more. */
export const images = signal<ReadonlyMap<string, string>>(new Map())

let store: ReturnType<typeof createStore> | undefined
const asked = new Set<string>()

function ownStore() {
  store ??= createStore('sluice-images', 'images')
  return store
}

/** Keeps an image with the conversations. Where the browser stores none, it lasts as long as the page. */
export async function keepImage(name: string, url: string): Promise<void> {
  asked.add(name)
  images.value = new Map(images.value).set(name, url)
  await set(name, url, ownStore()).catch(() => {})
}

/** Reads the images of these messages, unless they are in memory. */
export async function loadImages(messages: readonly Said[]): Promise<void> {
  const all = messages.flatMap((said) => said.images ?? [])
  const names = all.filter((name) => !images.peek().has(name) && !asked.has(name))
  if (names.length === 0) return
  const found = await getMany<string>(names, ownStore()).catch(() => [])
  const next = new Map(images.peek())
  for (const [index, name] of names.entries()) next.set(name, found[index] ?? '')
  images.value = next
}

/** Deletes the images of these messages that no conversation has any more. */
export async function dropImages(messages: readonly Said[]): Promise<void> {
  const used = new Set(conversations.value.flatMap(namesIn))
  const names = namesIn({ messages: [...messages] }).filter((name) => !used.has(name))
  if (names.length === 0) return
  const next = new Map(images.value)
  for (const name of names) next.delete(name)
  images.value = next
  await delMany(names, ownStore()).catch(() => {})
}

function namesIn({ messages }: Pick<Conversation, 'messages'>): string[] {
  return messages.flatMap((said) => said.images ?? [])
}
