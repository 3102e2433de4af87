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

/** What a tab makes of a value and of the one that was stored after it. `base`: what both were made from. */
export type Merge<T> = (earlier: T, later: T, base: T) => T

/**
 * A signal whose value is stored in the browser: at once, and after that at most every `pause` milliseconds,
 * since a long value takes its time; in any case before the page is left. With `merge`, all tabs share the value;
 * without it, the last tab that stores one decides what the next page begins with.
 */
export function persisted<T>(key: string, fallback: T, pause = 0, merge?: Merge<T>): Signal<T> {
  const value = signal<T>(read(key, fallback))
  const shared = merge && shareWithTabs(key, value, merge)
  let storedAt = Number.NEGATIVE_INFINITY
  const store = () => {
    waiting.delete(key)
    storedAt = performance.now()
    shared?.takeStored()
    const text = JSON.stringify(value.peek())
    if (write(key, text)) shared?.note(text)
  }
  effect(() => {
    // What another tab has stored need not be stored again.
    const next = value.value
    if (shared?.isAdopted(next)) return
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

/**
 * Keeps a value equal in all tabs. Two of them may store theirs at the same time, before either has heard of the
 * other's: what is stored then is one of them. Each hears of the other's with what that was made from, and merges.
 */
function shareWithTabs<T>(key: string, value: Signal<T>, merge: Merge<T>) {
  /** What this tab last stored, or last heard of, and the same as text. */
  let base = value.peek()
  let known = textAt(key)
  let adopted: T | undefined
  const adopt = (next: T) => {
    adopted = next
    value.value = next
  }
  addEventListener('storage', ({ key: stored, newValue, oldValue }) => {
    if (stored !== key || newValue === null || newValue === known) return
    const other = parsed(newValue, base)
    const isBehind = oldValue !== null && oldValue !== known
    const isUnchanged = !isBehind && base === value.peek()
    const merged = isUnchanged
      ? other
      : merge(value.peek(), other, isBehind ? parsed(oldValue, base) : base)
    base = other
    known = newValue
    if (isUnchanged) adopt(merged)
    else value.value = merged
  })
  return {
    isAdopted: (next: T) => next === adopted,
    note(text: string) {
      base = value.peek()
      known = text
    },
    /** Before this tab stores its value: what another one has stored since, of which it may hear only later. */
    takeStored() {
      const there = textAt(key)
      if (there === null || there === known) return
      const other = parsed(there, base)
      // Its own value is the later one of the two.
      adopt(merge(other, value.peek(), base))
      known = there
    },
  }
}

/** Whether it was stored. */
function write(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text)
    failed.delete(key)
  } catch {
    // The value lasts as long as the page.
    failed.add(key)
  }
  isNotStored.value = failed.size > 0
  return !failed.has(key)
}

function textAt(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function read<T>(key: string, fallback: T): T {
  const text = textAt(key)
  return text === null ? fallback : parsed(text, fallback)
}

function parsed<T>(text: string, fallback: T): T {
  try {
    return JSON.parse(text) as T
  } catch {
    return fallback
  }
}
