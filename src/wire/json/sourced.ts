/** JSON that knows the text it was parsed from, where somebody has kept that: see source.ts. */
import { isObject } from '../../util/object.ts'
import type { Steps } from '../../util/slices.ts'

export type Bytes = Uint8Array<ArrayBuffer>

/** The text of a parsed object. */
export interface KeptSource {
  /** Its bytes. */
  readonly length: number
  /** How an object is written in steps, whether it has a source or not. */
  readonly inSteps: WriteInSteps
  /** The JSON of the object, or of a copy of it. Undefined where that has to be serialized anew. */
  write(value: object): Bytes | undefined
  /** Drops the text. */
  forget(): void
}

/** Writes an object as JSON, in pieces, and in steps, between which other work may run. */
export type WriteInSteps = (value: object) => Steps<Bytes[]>

/**
 * The key of the source in a parsed object. A copy with other fields (`{ ...request, model }`) has it too,
 * while `JSON.stringify` and whatever lists the fields of an object leave out symbols.
 */
const SOURCE = Symbol('source')

interface Sourced {
  [SOURCE]?: KeptSource
}

export function setSource(value: object, source: KeptSource): void {
  ;(value as Sourced)[SOURCE] = source
}

export function sourceOf(value: unknown): KeptSource | undefined {
  return isObject(value) ? (value as Sourced)[SOURCE] : undefined
}

/** Bytes from which an object is written in steps. */
const LARGE = 262_144

/** How to write what is made of an object, if it was parsed from so long a text that this is done in steps. */
export function stepsOf(value: unknown): WriteInSteps | undefined {
  const source = sourceOf(value)
  return source && source.length >= LARGE ? source.inSteps : undefined
}

/**
 * The JSON of an object: what `JSON.stringify` returns, or bytes that parse to the same value. Where an
 * object has a source, numbers in fields that were not changed keep all their digits.
 *
 * @example
 * const request = await readJsonBody(…)
 * serialize({ ...request, model: 'other' }) // all bytes as they came, except those of the model
 */
export function serialize(value: object): string | Bytes {
  return (value as Sourced)[SOURCE]?.write(value) ?? JSON.stringify(value)
}
