import { effect, type Signal, signal } from '@preact/signals'

/** Whether the browser did not store what it was given: its storage is full or disabled. */
export const isNotStored = signal(false)

/** The keys whose values were not stored. */
const failed = new Set<string>()

/** What is to be stored later, by its key. */
const waiting = new Map<string, () => void>()

addEventListener('pagehide', storeNow)
document.addEventListener('visibilitychange', storeNow)

function storeNow(): void {
  for (const store of waiting.values()) store()
}

/** What a tab makes of the value that another tab has stored. `base`: what both of them began with. */
export type Merge<T> = (own: T, other: T, base: T) => T

/**
 * A signal whose value is stored in the browser: at once, and after that at most every `pause` milliseconds,
 * since a long value takes its time; in any case before the page is left. With `merge`, all tabs share the value;
 * without it, the last tab that stores one decides what the next page begins with.
 */
export function persisted<T>(key: string, fallback: T, pause = 0, merge?: Merge<T>): Signal<T> {
  const value = signal<T>(read(key, fallback))
  let base = value.peek()
  let storedAt = Number.NEGATIVE_INFINITY
  const store = () => {
    waiting.delete(key)
    storedAt = performance.now()
    base = value.peek()
    write(key, JSON.stringify(base))
  }
  let adopted: T | undefined
  const adopt = (other: T) => {
    adopted = other
    value.value = other
  }
  effect(() => {
    // What another tab has stored need not be stored again.
    if (value.value === adopted) return
    if (waiting.has(key)) return
    const wait = storedAt + pause - performance.now()
    if (wait <= 0) store()
    else {
      waiting.set(key, store)
      setTimeout(() => waiting.get(key)?.(), wait)
    }
  })
  if (merge) {
    addEventListener('storage', ({ key: stored, newValue }) => {
      if (stored !== key || newValue === null) return
      const other = read(key, fallback)
      const isUnchanged = base === value.peek()
      const merged = isUnchanged ? other : merge(value.peek(), other, base)
      base = other
      if (isUnchanged) adopt(merged)
      else value.value = merged
    })
  }
  return value
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text)
    failed.delete(key)
  } catch {
    // The value lasts as long as the page.
    failed.add(key)
  }
  isNotStored.value = failed.size > 0
}

function read<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}
