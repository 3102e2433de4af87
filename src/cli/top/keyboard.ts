/** The keys that are pressed, one by one, while the terminal does not edit lines itself. */
import { emitKeypressEvents, type Interface } from 'node:readline'
import { Keys } from '../chat/keys.ts'

/** Milliseconds after which an escape character is the key Esc, and not the start of another key. */
const ESCAPE_WAIT = 50

interface Pressed {
  name?: string | undefined
  sequence?: string | undefined
  ctrl?: boolean | undefined
  meta?: boolean | undefined
}

/**
 * Calls `onKey` with names such as `up`, `return`, `escape`, `ctrl-c`, or with the character that was
 * typed. Pasted text is not passed on: it must not act as keys.
 */
export class Keyboard {
  #keys: Keys | undefined
  readonly #onKey: (key: string) => void
  readonly #onEnd: () => void

  constructor(onKey: (key: string) => void, onEnd: () => void) {
    this.#onKey = onKey
    this.#onEnd = onEnd
  }

  open(): void {
    if (this.#keys !== undefined) return
    const keys = new Keys()
    this.#keys = keys
    emitKeypressEvents(keys, { escapeCodeTimeout: ESCAPE_WAIT } as unknown as Interface)
    keys.on('keypress', (text: string | undefined, pressed: Pressed | undefined) => {
      if (!keys.pasting) for (const key of keysOf(text, pressed)) this.#onKey(key)
    })
    keys.on('end', this.#onEnd)
    keys.setRawMode(true)
    keys.open()
    process.stdin.resume()
  }

  /** The terminal edits lines again. */
  close(): void {
    const keys = this.#keys
    if (keys === undefined) return
    this.#keys = undefined
    keys.removeAllListeners()
    keys.setRawMode(false)
    keys.close()
  }
}

/** Esc and a key right after it arrive as one, the same as with Alt. */
export function keysOf(text: string | undefined, pressed: Pressed | undefined): string[] {
  const [first, key = '', ...others] = pressed?.sequence ?? ''
  const isBoth = pressed?.meta === true && first === '\u001b' && others.length === 0
  return isBoth && isCharacter(key) ? ['escape', key] : [nameOf(text, pressed)]
}

function nameOf(text: string | undefined, pressed: Pressed | undefined): string {
  const name = pressed?.name
  if (pressed?.ctrl && name !== undefined) return `ctrl-${name}`
  return text !== undefined && isCharacter(text) ? text : (name ?? '')
}

function isCharacter(text: string): boolean {
  return /^[^\p{Cc}]+$/u.test(text)
}
