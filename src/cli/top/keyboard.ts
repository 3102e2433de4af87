/** The keys that are pressed, one by one, while the terminal does not edit lines itself. */
import { emitKeypressEvents, type Interface } from 'node:readline'
import { Keys } from '../chat/keys.ts'

/** Milliseconds after which an escape character is the key Esc, and not the start of another key. */
const ESCAPE_WAIT = 50

interface Pressed {
  name?: string | undefined
  sequence?: string | undefined
  ctrl?: boolean | undefined
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
      if (!keys.pasting) this.#onKey(nameOf(text, pressed))
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

function nameOf(text: string | undefined, pressed: Pressed | undefined): string {
  const name = pressed?.name
  if (pressed?.ctrl && name !== undefined) return `ctrl-${name}`
  const isCharacter = text !== undefined && /^[^\p{Cc}]+$/u.test(text)
  return isCharacter ? text : (name ?? '')
}
