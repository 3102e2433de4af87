/** The engines and the keys on a terminal. */
import { enginesFrame } from './engines-view.ts'
import type { Painter } from './paint.ts'
import type { ActivityStore } from './store.ts'
import { type Size, stepOf, type View } from './view.ts'

export class EnginesScreen implements View {
  readonly target = undefined
  readonly isTyping = false
  readonly #store: ActivityStore
  readonly #paint: Painter
  #scrolled = 0

  constructor(store: ActivityStore, paint: Painter) {
    this.#store = store
    this.#paint = paint
  }

  press(key: string, size: Size): void {
    this.#scrolled = Math.max(0, this.#scrolled + stepOf(key, size))
  }

  frame(size: Size, message: string): string[] {
    const { lines, scrolled } = enginesFrame(
      this.#store,
      this.#scrolled,
      size,
      this.#paint,
      message,
    )
    this.#scrolled = scrolled
    return lines
  }

  close(): void {}
}
