import { effect, signal } from '@preact/signals'

/** A signal whose value is stored in the browser. */
export function persisted<T>(key: string, fallback: T) {
  const value = signal<T>(read(key, fallback))
  effect(() => {
    const text = JSON.stringify(value.value)
    try {
      localStorage.setItem(key, text)
    } catch {
      // Storage is full or disabled: the value lasts as long as the page.
    }
  })
  return value
}

function read<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}
