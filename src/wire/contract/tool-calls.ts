import { isObject } from '../../util/object.ts'
import type { ToolCallDelta } from '../chat/request.ts'
import type { Repair } from './contract.ts'

/** An index above this is a mistake, not a call. */
const MAX_INDEX = 1023

interface Call {
  /** The engine's own; empty where it gave none. */
  id: string
  name: string
  /** Tells where a call without an id is whole. */
  arguments: JsonNesting
}

/**
 * The tool calls of one choice, put together from what comes of them: which call each piece belongs
 * to, and an id, a type and a name for each, once. Some servers give every parallel call the index 0,
 * some give none, some no ids either: a new id is then a new call, and so is a new name, or the same
 * one after whole arguments; a piece that has neither belongs to the last call.
 */
export class ToolCalls {
  readonly #calls = new Map<number, Call>()
  readonly #byId = new Map<string, number>()
  #next = 0
  #last = 0
  /** Once an index was wrong, pieces without an id can't be placed by theirs. */
  #ignoresIndexes = false
  readonly #tracksArguments: boolean

  /** `tracks`: whether it matters, for calls that have ids too, where their arguments end. */
  constructor(tracks: boolean = false) {
    this.#tracksArguments = tracks
  }

  /** Whether the arguments of a call break off within their JSON. */
  get areTruncated(): boolean {
    return this.#tracksArguments && [...this.#calls.values()].some((call) => call.arguments.isOpen)
  }

  /** Repairs the pieces in place. Returns what was repaired. */
  repair(pieces: ToolCallDelta[]): Set<Repair> {
    const repaired = new Set<Repair>()
    // Within one delta, each entry is a call of its own.
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
   * The first piece of a call says who it is; clients that join texts would double what later ones
   * repeat. Returns whether anything changed.
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

/** Whether a name begins a call that is not the one it would belong to. */
function beginsNewCall(call: Call, name: string): boolean {
  if (call.name === '') return false
  return call.name !== name || (call.id === '' && call.arguments.isClosed)
}

/** Where an object's JSON ends that comes in pieces: each character is looked at once. */
export class JsonNesting {
  isClosed = false
  /** Whether an object has begun that has not ended. */
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

/** What came first stands: an id that comes late finds one given. Returns whether anything changed. */
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

/** Repairs the calls of a whole message in place. Returns whether anything changed. */
export function repairToolCalls(calls: unknown): boolean {
  if (!Array.isArray(calls)) return false
  let changed = false
  for (const call of calls.filter(isObject) as ToolCallDelta[]) {
    changed = repairArguments(call) || changed
    changed = supplyIdAndType(call) || changed
  }
  return changed
}

/** A name for a call that has none: a client needs it to answer. OpenAI takes up to 40 characters. */
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

/** Some servers give the arguments as the object that their JSON stands for. */
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
