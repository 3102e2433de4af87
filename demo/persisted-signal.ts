import { effect, type Signal, signal } from '@preact/signals'

/** Whether the browser did not store what it was given: its storage is full or disabled. */
export const isNotStored = signal(false)

/** What is to be stored later, by its key. */
const waiting = new Map<string, () => void>()

addEventListener('pagehide', storeNow)
document.addEventListener('visibilitychange', storeNow)

function storeNow(): void {
  for (const store of waiting.values()) store()
}

/**
 * A signal whose value is stored in the browser: at once, and after that at most every `pause` milliseconds,
 * since a long value takes its time; in any case before the page is left.
 */
export function persisted<T>(key: string, fallback: T, pause = 0): Signal<T> {
  const value = signal<T>(read(key, fallback))
  let storedAt = Number.NEGATIVE_INFINITY
  const store = () => {
    waiting.delete(key)
    storedAt = performance.now()
    write(key, JSON.stringify(value.peek()))
  }
  effect(() => {
    void value.value
    if (waiting.has(key)) return
    const wait = storedAt + pause - performance.now()
    if (wait <= 0) store()
    else {
      waiting.set(key, store)
      setTimeout(() => waiting.get(key)?.(), wait)
    }
  })
  return value
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(key, text)
    isNotStored.value = false
  } catch {
    // The value lasts as long as the page.
    isNotStored.value = true
  }
}

function read<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}
