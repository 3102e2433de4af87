import type { ToolCallDelta } from './chat.ts'

/** An index above this is a mistake, not a call. */
const MAX_INDEX = 1023

interface Call {
  id: string
  name: string
}

/**
 * Which call each piece of a tool call belongs to. Some servers give every parallel call the index
 * 0, some give none, some no ids either: a new id is then a new call, and so is a new name; a piece
 * that has neither belongs to the last call.
 */
export class ToolIndex {
  readonly #calls = new Map<number, Call>()
  readonly #byId = new Map<string, number>()
  #next = 0
  #last = 0
  /** Once an index was wrong, pieces without an id can't be placed by theirs. */
  #distrusts = false

  /** Sets the right indices in place. Returns whether any was wrong. */
  mend(pieces: ToolCallDelta[]): boolean {
    let changed = false
    // Within one delta, each entry is a call of its own.
    const taken = new Set<number>()
    for (const piece of pieces) {
      const index = this.#place(piece, taken)
      taken.add(index)
      this.#last = index
      if (piece.index === index) continue
      piece.index = index
      changed = true
    }
    this.#distrusts ||= changed
    return changed
  }

  #place(piece: ToolCallDelta, taken: ReadonlySet<number>): number {
    const id = typeof piece.id === 'string' ? piece.id : ''
    const name = nameOf(piece)
    const given = isIndex(piece.index) ? piece.index : undefined
    const index = id === '' ? this.#continue(given, name, taken) : this.#find(id, given)
    const call = this.#calls.get(index)
    this.#calls.set(index, { id: id || (call?.id ?? ''), name: name || (call?.name ?? '') })
    if (id !== '') this.#byId.set(id, index)
    this.#next = Math.max(this.#next, index + 1)
    return index
  }

  #find(id: string, given: number | undefined): number {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const isFree = given !== undefined && !this.#calls.get(given)?.id
    return isFree ? given : this.#next
  }

  #continue(given: number | undefined, name: string, taken: ReadonlySet<number>): number {
    const isTrusted = given !== undefined && !this.#distrusts
    const index = isTrusted ? given : this.#last
    const call = this.#calls.get(index)
    const isOther = name !== '' && call !== undefined && call.name !== '' && call.name !== name
    return isOther || taken.has(index) ? this.#next : index
  }
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INDEX
}

function nameOf({ function: called, custom }: ToolCallDelta): string {
  const name = called?.name ?? custom?.name
  return typeof name === 'string' ? name : ''
}
