import fc from 'fast-check'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes from a text in which each character is one byte; findings are stored in this form. */
export function bytesOf(latin1: string): Bytes {
  return new Uint8Array(Buffer.from(latin1, 'latin1'))
}

/** The reverse of `bytesOf`. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** A text as UTF-8, one character for each byte. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** The bytes in packets that end at these places, taken modulo the length. */
export function packetsOf(bytes: Bytes, cuts: readonly number[]): Bytes[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))]
    .filter((cut) => cut > 0 && cut < bytes.length)
    .sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, at) => bytes.slice(at === 0 ? 0 : ends[at - 1], end))
}

/** Each way to split the bytes once, and one byte at a time. */
export function* allSplits(bytes: Bytes): Generator<Bytes[]> {
  for (let at = 1; at < bytes.length; at++) yield [bytes.slice(0, at), bytes.slice(at)]
  yield Array.from(bytes, (byte) => Uint8Array.of(byte))
}

export const cuts: fc.Arbitrary<number[]> = fc.array(fc.nat(10_000), { maxLength: 8 })

/** A change of bytes: `remove` of them are replaced by `insert` at `at`. */
export interface Edit {
  at: number
  remove: number
  insert: string
}

/** Changes of which the inserted texts are taken from these as well as random bytes. */
export function edits(texts: readonly string[], maxLength = 3): fc.Arbitrary<Edit[]> {
  const byte = fc.nat(255).map((code) => String.fromCharCode(code))
  const insert = fc.oneof(fc.constantFrom('', ...texts), byte)
  return fc.array(fc.record({ at: fc.nat(10_000), remove: fc.nat(4), insert }), { maxLength })
}

export function edited(text: string, changes: readonly Edit[]): string {
  let result = text
  for (const { at, remove, insert } of changes) {
    const place = at % (result.length + 1)
    result = result.slice(0, place) + insert + result.slice(place + remove)
  }
  return result
}
