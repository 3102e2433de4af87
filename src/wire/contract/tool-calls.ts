import { isObject } from '../../util/object.ts'
import type { ToolCallDelta } from '../chat/request.ts'
import type { Repair } from './contract.ts'

/** A larger index is treated as invalid. */
const MAX_INDEX = 1023

interface Call {
  /** The engine's id; empty if it sent none. */
  id: string
  name: string
  /** Shows where the arguments of a call without an id end. */
  arguments: JsonNesting
}

/**
 * Tracks the tool calls of one choice: finds the call that each delta belongs to, and makes sure that each
 * call has an id, a type and a name exactly once. Some servers send every parallel call with index 0, some
 * send no index, some no ids either. Then a new id starts a new call, and so does a new name, or the same
 * name after complete arguments; a delta with neither belongs to the last call.
 */
export class ToolCalls {
  readonly #calls = new Map<number, Call>()
  readonly #byId = new Map<string, number>()
  #next = 0
  #last = 0
  /** Whether an index was wrong, so that the indexes of deltas without an id are ignored. */
  #ignoresIndexes = false
  readonly #tracksArguments: boolean

  /** `tracks`: whether to track the end of the arguments of calls with ids too. */
  constructor(tracks: boolean = false) {
    this.#tracksArguments = tracks
  }

  /** Whether the arguments of a call end inside their JSON. */
  get areTruncated(): boolean {
    return this.#tracksArguments && [...this.#calls.values()].some((call) => call.arguments.isOpen)
  }

  /** Repairs the deltas in place. Returns the repairs. */
  repair(pieces: ToolCallDelta[]): Set<Repair> {
    const repaired = new Set<Repair>()
    // Within one chunk, each entry is a separate call.
    const taken = new Set<number>()
    for (const piece of pieces) {
      if (repairArguments(piece)) repaired.add('tool_call')
      const index = this.#indexFor(piece, taken)
      taken.add(index)
      this.#last = index
      if (this.#normalize(piece, index)) repaired.add('tool_call')
      if (piece.index === index) continue
      piece.index = index
      repaired.add('tool_index')
    }
    this.#ignoresIndexes ||= repaired.has('tool_index')
    return repaired
  }

  #indexFor(piece: ToolCallDelta, taken: ReadonlySet<number>): number {
    const id = idOf(piece)
    const name = nameOf(piece)
    const given = isIndex(piece.index) ? piece.index : undefined
    const index = id === '' ? this.#indexWithoutId(given, name, taken) : this.#indexById(id, given)
    if (id !== '') this.#byId.set(id, index)
    this.#next = Math.max(this.#next, index + 1)
    return index
  }

  #indexById(id: string, given: number | undefined): number {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const isFree = given !== undefined && !this.#calls.get(given)?.id
    return isFree ? given : this.#next
  }

  #indexWithoutId(given: number | undefined, name: string, taken: ReadonlySet<number>): number {
    const isTrusted = given !== undefined && !this.#ignoresIndexes
    const index = isTrusted ? given : this.#last
    const call = this.#calls.get(index)
    const isOther = name !== '' && call !== undefined && beginsNewCall(call, name)
    return isOther || taken.has(index) ? this.#next : index
  }

  /**
   * Supplies id and type in the first delta of a call, and removes repeated fields from later ones,
   * because clients that join strings would double them. Returns whether anything changed.
   */
  #normalize(piece: ToolCallDelta, index: number): boolean {
    let call = this.#calls.get(index)
    const isFirst = call === undefined
    if (call === undefined) {
      call = { id: idOf(piece), name: nameOf(piece), arguments: new JsonNesting() }
      this.#calls.set(index, call)
    }
    if (call.id === '' || (this.#tracksArguments && !piece.custom))
      call.arguments.add(argumentsOf(piece))
    return isFirst ? supplyIdAndType(piece) : removeRepeats(piece, call)
  }
}

/** Whether a delta with this name starts a new call instead of continuing this one. */
function beginsNewCall(call: Call, name: string): boolean {
  if (call.name === '') return false
  return call.name !== name || (call.id === '' && call.arguments.isClosed)
}

/** Tracks the nesting of a JSON object that arrives in pieces; reads each character once. */
export class JsonNesting {
  isClosed = false
  /** Whether an object has started and not ended. */
  get isOpen(): boolean {
    return this.#depth > 0
  }
  #depth = 0
  #isText = false
  #isEscaped = false

  add(piece: string): void {
    for (const character of piece) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (this.#isText && character === '\\') this.#isEscaped = true
      else if (character === '"') this.#isText = !this.#isText
      else if (!this.#isText && character === '{') this.#depth++
      else if (!this.#isText && character === '}') this.isClosed = --this.#depth === 0
    }
  }
}

/** Removes id, name and type, which the first delta has set. Returns whether anything changed. */
function removeRepeats(piece: ToolCallDelta, call: Call): boolean {
  const called = piece.function ?? piece.custom
  const hasId = idOf(piece) !== ''
  const hasName = nameOf(piece) !== '' && call.name !== ''
  const hasType = Boolean(piece.type)
  call.id ||= idOf(piece)
  call.name ||= nameOf(piece)
  if (hasId) delete piece.id
  if (hasName) delete called?.name
  if (hasType) delete piece.type
  return hasId || hasName || hasType
}

/** Repairs the calls of a message that was not streamed, in place. Returns whether anything changed. */
export function repairToolCalls(calls: unknown): boolean {
  if (!Array.isArray(calls)) return false
  let changed = false
  for (const call of calls.filter(isObject) as ToolCallDelta[]) {
    changed = repairArguments(call) || changed
    changed = supplyIdAndType(call) || changed
  }
  return changed
}

/** An id for a call without one: a client needs it to return the result. OpenAI allows 40 characters. */
export function newCallId(): string {
  return `call_${crypto.randomUUID().replaceAll('-', '')}`
}

function supplyIdAndType(call: ToolCallDelta): boolean {
  if (idOf(call) !== '' && call.type) return false
  if (idOf(call) === '') call.id = newCallId()
  call.type ||= call.custom ? 'custom' : 'function'
  return true
}

function argumentsOf({ function: called, custom }: ToolCallDelta): string {
  const text = called?.arguments ?? custom?.input
  return typeof text === 'string' ? text : ''
}

/** Some servers send the arguments as an object instead of JSON text. */
function repairArguments({ function: called }: ToolCallDelta): boolean {
  const given: unknown = called?.arguments
  if (called === undefined || !isObject(given)) return false
  called.arguments = JSON.stringify(given)
  return true
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INDEX
}

function idOf({ id }: ToolCallDelta): string {
  return typeof id === 'string' ? id : ''
}

function nameOf({ function: called, custom }: ToolCallDelta): string {
  const name = called?.name ?? custom?.name
  return typeof name === 'string' ? name : ''
}
