/** The table of requests on a terminal: which row is selected, how it is sorted and filtered. */
import { type ListState, listFrame } from './list-view.ts'
import { nextSort, ordered, type Selection } from './order.ts'
import type { Painter } from './paint.ts'
import type { ActivityStore, Row } from './store.ts'
import { shown } from './text.ts'
import { type Size, stepOf, type View } from './view.ts'

export class ListScreen implements View {
  /** What is wrong with the connection; empty where nothing is. */
  connection = ''
  isTyping = false
  readonly #name: string
  readonly #store: ActivityStore
  readonly #selection: Selection
  readonly #paint: Painter
  #selected: string | undefined
  /** Where the selected row was, so that its neighbour is selected when it is gone. */
  #at = 0
  #scrolled = 0
  #filterBefore = ''

  constructor(name: string, store: ActivityStore, selection: Selection, paint: Painter) {
    this.#name = name
    this.#store = store
    this.#selection = selection
    this.#paint = paint
  }

  get target(): string | undefined {
    return this.#select(this.#inOrder())
  }

  press(key: string, size: Size): void {
    const selection = this.#selection
    if (this.isTyping) this.#type(key)
    else if (key === 'o') selection.sort = nextSort(selection.sort)
    else if (key === 'f') selection.failuresOnly = !selection.failuresOnly
    else if (key === 'escape') selection.filter = ''
    else if (key === '/') {
      this.#filterBefore = selection.filter
      this.isTyping = true
    } else this.#move(stepOf(key, size))
  }

  frame(size: Size, message: string, now: number): string[] {
    const rows = ordered(this.#store.rows, this.#selection)
    const state: ListState = {
      ...{ name: this.#name, store: this.#store, rows, selection: this.#selection },
      selected: this.#select([...rows.running, ...rows.ended]),
      scrolled: this.#scrolled,
      connection: this.connection,
      message: this.isTyping ? `filter: ${shown(this.#selection.filter)}▁` : message,
    }
    const { lines, scrolled } = listFrame(state, size, this.#paint, now)
    this.#scrolled = scrolled
    return lines
  }

  close(): void {}

  /** The id of the selected row; another one where that is gone. */
  #select(rows: readonly Row[]): string | undefined {
    const at = rows.findIndex(({ activity }) => activity.id === this.#selected)
    if (at !== -1) {
      this.#at = at
      return this.#selected
    }
    // Until a row is chosen, the first one is, whichever that is at the time.
    if (this.#selected !== undefined) {
      this.#selected = rows[Math.min(this.#at, rows.length - 1)]?.activity.id
      return this.#selected
    }
    return rows[0]?.activity.id
  }

  #move(step: number): void {
    const rows = this.#inOrder()
    if (step === 0 || rows.length === 0) return
    const selected = this.#select(rows)
    const at = rows.findIndex(({ activity }) => activity.id === selected)
    this.#at = Math.min(Math.max(0, at + step), rows.length - 1)
    this.#selected = rows[this.#at]?.activity.id
  }

  #type(key: string): void {
    const selection = this.#selection
    if (key === 'return' || key === 'escape') {
      if (key === 'escape') selection.filter = this.#filterBefore
      this.isTyping = false
    } else if (key === 'backspace') selection.filter = [...selection.filter].slice(0, -1).join('')
    else if (key === 'ctrl-u') selection.filter = ''
    else if ([...key].length === 1) selection.filter += key
  }

  #inOrder(): Row[] {
    const { running, ended } = ordered(this.#store.rows, this.#selection)
    return [...running, ...ended]
  }
}
