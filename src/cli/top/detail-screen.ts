/** One request on a terminal, as long as it is open. */
import { detailFrame } from './detail-view.ts'
import type { FeedClient } from './feed.ts'
import type { Painter } from './paint.ts'
import type { ActivityStore } from './store.ts'
import { shown } from './text.ts'
import { type Size, stepOf, type View } from './view.ts'
import { RequestWatch } from './watch.ts'

export class DetailScreen implements View {
  readonly target: string
  readonly isTyping = false
  readonly #store: ActivityStore
  readonly #paint: Painter
  readonly #watch: RequestWatch
  readonly #closing = new AbortController()
  #raw = false
  #back = 0

  constructor(id: string, store: ActivityStore, paint: Painter) {
    this.target = id
    this.#store = store
    this.#paint = paint
    this.#watch = new RequestWatch(id)
  }

  /** Follows the request until it ends or the screen is closed. Never rejects. */
  async follow(client: FeedClient, signal: AbortSignal, onChange: () => void): Promise<void> {
    const both = AbortSignal.any([signal, this.#closing.signal])
    const watch = this.#watch
    try {
      for await (const event of client.events(`/activity/${encodeURIComponent(watch.id)}`, both)) {
        const activity = watch.take(event)
        if (activity !== undefined) this.#store.takeOne(activity, performance.now())
        onChange()
      }
      watch.isOver = true
    } catch (error) {
      if (both.aborted) return
      watch.failure = shown(error instanceof Error ? error.message : String(error))
    }
    onChange()
  }

  press(key: string, size: Size): void {
    if (key === 'w') {
      this.#raw = !this.#raw
      this.#back = 0
    } else this.#back = Math.max(0, this.#back - stepOf(key, size))
  }

  frame(size: Size, message: string, now: number): string[] {
    const row = this.#store.find(this.target)
    const state = { row, watch: this.#watch, raw: this.#raw, back: this.#back, message }
    const { lines, back } = detailFrame(state, size, this.#paint, now)
    this.#back = back
    return lines
  }

  close(): void {
    this.#closing.abort()
  }
}
