import type { ToolCallDelta } from './chat.ts'

/**
 * Which call each piece of a tool call belongs to. Some servers give every parallel call the index
 * 0, some give none: a new id is then a new call, and a piece without an id belongs to the last.
 */
export class ToolIndex {
  /** The calls seen, by index; an empty id where the server gave none. */
  readonly #ids: string[] = []
  #last = 0
  /** Once an index was wrong, pieces without an id can't be placed by theirs. */
  #distrusts = false

  /** Sets the right indices in place. Returns whether any was wrong. */
  mend(calls: ToolCallDelta[]): boolean {
    let changed = false
    for (const call of calls) {
      const index = this.#place(call)
      if (call.index === index) continue
      call.index = index
      changed = true
    }
    this.#distrusts ||= changed
    return changed
  }

  #place(call: ToolCallDelta): number {
    const given = Number.isInteger(call.index) && call.index >= 0 ? call.index : undefined
    const id = typeof call.id === 'string' ? call.id : ''
    this.#last = id === '' ? this.#continue(given) : this.#find(id, given)
    return this.#last
  }

  #continue(given: number | undefined): number {
    const index = given === undefined || this.#distrusts ? this.#last : given
    this.#ids[index] ??= ''
    return index
  }

  #find(id: string, given: number | undefined): number {
    const known = this.#ids.indexOf(id)
    if (known !== -1) return known
    const isFree = given !== undefined && !this.#ids[given]
    const index = isFree ? given : this.#ids.length
    this.#ids[index] = id
    return index
  }
}
